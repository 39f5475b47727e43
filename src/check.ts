// `--check`: type-checks with TypeScript before anything is built.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

import { BuildError } from './base/diagnostics.ts'
import type { ResolvedConfig } from './config/config.ts'
import { envTypesOf } from './env-types.ts'

/** What tsc assumes where a project has no tsconfig.json: what node itself runs. */
const DEFAULTS = [
  '--strict',
  '--target',
  'esnext',
  '--module',
  'nodenext',
  '--allowImportingTsExtensions',
  '--skipLibCheck',
]
const ERROR_LINE = /^(.+)\((\d+),(\d+)\): error (TS\d+): (.*)$/

/** @throws BuildError TYPE_ERROR at the first error; its message lists all. */
export async function checkTypes(config: ResolvedConfig, signal?: AbortSignal): Promise<void> {
  const { projectDir, entries } = config
  const configFile = path.join(projectDir, 'tsconfig.json')
  const ofContract = envTypesOf(config)
  const args = existsSync(configFile)
    ? ['-p', configFile]
    : [...DEFAULTS, ...entries.map((entry) => entry.file), ...(ofContract === undefined ? [] : [ofContract])]
  const output = await run([...args, '--noEmit', '--pretty', 'false'], projectDir, signal)
  const errors = output.split('\n').flatMap((line) => {
    const match = ERROR_LINE.exec(line)
    return match ? [match] : []
  })
  const [first] = errors
  if (!first) return
  const others = errors
    .slice(1)
    .map(([, file, line, column, code, text]) => `\n  ${file}:${line}:${column} ${code} ${text}`)
  throw new BuildError('TYPE_ERROR', `${first[4]} ${first[5]}${others.join('')}`, {
    at: { file: path.resolve(projectDir, first[1]!), line: Number(first[2]), column: Number(first[3]) },
    help: 'correct the types, or build without --check',
  })
}

function run(args: readonly string[], cwd: string, signal?: AbortSignal): Promise<string> {
  const tsc = path.join(path.dirname(compilerManifest(cwd)), 'bin/tsc')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [tsc, ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'inherit'],
      signal,
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.on('error', reject)
    child.on('close', () => resolve(output))
  })
}

/** Ingot's own, else the project's: an Ingot that is an executable has no compiler inside. */
function compilerManifest(projectDir: string): string {
  for (const from of [import.meta.url, path.join(projectDir, 'package.json')]) {
    try {
      return createRequire(from).resolve('typescript/package.json')
    } catch {
      continue
    }
  }
  throw new BuildError('CHECK_UNAVAILABLE', 'there is no TypeScript to check the types with', {
    at: { file: projectDir },
    help: 'npm install --save-dev typescript@7, or build without --check',
  })
}
