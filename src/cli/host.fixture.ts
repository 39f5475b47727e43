// For tests only: a host that remembers what was written, and a result to write about.

import { DEFAULT_FUSES, readFuses } from '../format/fuses.ts'
import type { BuildResult } from '../base/build-result.ts'
import type { TargetOutcome } from '../build-each.ts'
import type { Host } from './host.ts'

export interface RecordedHost extends Host {
  readonly out: () => string
  readonly err: () => string
}

export function recordedHost(
  overrides: Partial<Host> & { isTTY?: boolean; columns?: number } = {},
): RecordedHost {
  const { isTTY = false, columns = 80, ...rest } = overrides
  const text = { out: '', err: '' }
  return {
    cwd: '/work/app',
    env: {},
    version: '1.2.3',
    stdout: { isTTY, columns, write: (chunk) => (text.out += chunk) },
    stderr: { isTTY, columns, write: (chunk) => (text.err += chunk) },
    build: async () => sampleOutcomes,
    buildReproducibly: async () => sampleOutcomes,
    findProgram: async () => undefined,
    buildProgram: async () => sampleResult,
    execute: () => {},
    spawn: async () => {},
    untilChanged: async () => {},
    develop: async () => {
      throw new Error('a test of that runs a process')
    },
    trace: async () => {
      throw new Error('a test of that runs a process')
    },
    report: async () => {},
    deploy: async () => ({ text: '', diagnostics: [] }),
    writeDeployment: async () => {},
    diff: async () => {
      throw new Error('a test of that has files')
    },
    examine: async () => [],
    changeFuses: async (file) => ({
      file,
      fuses: readFuses(DEFAULT_FUSES),
      changed: [],
      hasLostSignature: false,
    }),
    explain: async () => [],
    explainStart: async () => sampleResult.start,
    verify: async () => {
      throw new Error('a test of that reads a file')
    },
    sign: async () => {
      throw new Error('a test of that writes a file')
    },
    image: async () => {
      throw new Error('a test of that has an executable')
    },
    areExecutables: async () => false,
    inspect: async () => {
      throw new Error('a test of that reads an executable')
    },
    sbom: async () => '',
    notices: async () => [],
    writeTypes: async () => ({ file: '/work/app/ingot-env.d.ts', variables: [], diagnostics: [] }),
    out: () => text.out,
    err: () => text.err,
    ...rest,
  }
}

export const sampleResult: BuildResult = {
  out: '/work/app/hello',
  size: 121_345_678,
  elapsedMs: 412.3,
  target: 'linux-x64',
  moduleGraph: 'c0ffee'.padEnd(64, '0'),
  runtime: { version: '26.10.0', origin: 'npm' },
  libraries: { origin: 'debian 12', reproducible: true },
  parts: {
    runtime: 116_400_000,
    libraries: 4_100_000,
    code: 812_345,
    codeCache: 12_300,
    assets: 0,
    index: 999,
    info: 4321,
  },
  native: [
    {
      path: 'node_modules/re2/re2.node',
      package: 're2',
      sha256: 'beef'.padEnd(64, '0'),
      size: 1_234_567,
      needs: ['libc.so.6'],
      versions: ['GLIBC_2.34'],
      chain: ['main.ts'],
    },
  ],
  start: {
    kind: 'frozen',
    bytes: 14_700_000,
    barrier: 'write(2)',
    module: 'src/main.ts',
    variables: ['DEBUG'],
    arguments: ['--color'],
    paths: ['/DEV'],
    captured: { threads: 6, descriptors: [100, 101], mappings: 190, cpuFeatures: ['avx2', 'aes'] },
  },
  modules: { bundled: 214, files: 3, assets: 1, external: ['fsevents', 'pg-native'] },
  diagnostics: [
    {
      severity: 'warning',
      code: 'DYNAMIC_REQUIRE',
      message: 'the argument of require() is computed',
      at: { file: '/work/app/src/app.ts', line: 12, column: 5 },
      help: 'add "include": ["plugins/*.ts"] to package.json',
    },
  ],
}

export const sampleOutcomes: TargetOutcome[] = [{ target: sampleResult.target, result: sampleResult }]
