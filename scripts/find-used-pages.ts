// Finds out which pages of node a cold start uses, whatever the program, for src/used-at-start.ts, and keeps that of this
// version of node beside what is known of others. To be run for each new node, on an idle machine.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { USUAL_MODULES } from '../src/bootstrap/warm-up.ts'
import { PAGE_SIZE } from '../src/format/archive.ts'
import { DEFAULT_FUSES } from '../src/format/fuses.ts'
import { tracePages } from '../src/freeze/used-pages.ts'
import { planAppend } from '../src/image/append.ts'
import { freezePatch } from '../src/image/elf/frozen.ts'
import { LAUNCHER_TEXT } from '../src/image/elf/layout.ts'
import { constantRanges } from '../src/image/elf/verified-runs.ts'
import { beginExecutable, extendExecutable } from '../src/output/executable.ts'
import { packArchive } from '../src/payload/pack.ts'
import { prepareTarget } from '../src/prepare-target.ts'
import { cacheRoot } from '../src/runtimes/cache-root.ts'
import { TRACER } from '../src/tracer.ts'
import { KNOWN_PAGES, pagesOf, readKnownPages } from '../src/used-at-start.ts'

/** What is used by any of these, and by some runs only, as threads are quicker or slower. */
const PROGRAMS: readonly Readonly<Record<string, string>>[] = [
  ...[
    '',
    `console.log('text')`,
    `process.exitCode = 1`,
    `for (const id of ${JSON.stringify(USUAL_MODULES)}) require(id)`,
  ].map((source) => ({ 'main.js': source })),
  {
    'main.mjs': `import { sep } from 'node:path'\nimport './folder/part.mjs'\nawait import('./late.mjs')\nconsole.log(sep)\n`,
    'folder/part.mjs': `export * from '../late.mjs'\nimport.meta.resolve('./part.mjs')\n`,
    'late.mjs': `export const late = import.meta.filename\n`,
  },
]
const RUNS = 5

const directory = mkdtempSync(path.join(tmpdir(), 'used-pages-'))
const version = process.argv[2] ?? '26'
const request = { kind: 'npm', version } as const
// A lock would say which.
const projectDir = directory
const { runtime, base } = await prepareTarget(
  { runtime: request, target: 'linux-x64', projectDir, fuses: DEFAULT_FUSES },
  cacheRoot(process.env),
)
const support = base.frozen!
const known = readKnownPages()
// What an earlier run has found may be used as well.
const used = new Set(pagesOf(known[runtime.sha256] ?? []))
for (const [number, sources] of PROGRAMS.entries()) {
  const files = Object.entries(sources).map(([name, source]) => {
    const format = name.endsWith('.mjs') ? ('module' as const) : ('commonjs' as const)
    return { path: name, data: Buffer.from(source), module: { format } }
  })
  const entries = [{ name: 'main', path: files[0]!.path }]
  const payload = packArchive(files, [], { ingot: '', entries, sourceMaps: false })
  const pending = beginExecutable(base.file, path.join(directory, String(number)))
  const { tail, patches } = planAppend(base, payload.size)
  await extendExecutable(pending, {
    offset: base.size,
    chunks: [...payload.chunks, tail],
    patches: [...patches, freezePatch(support, 1)],
  })
  for (let run = 0; run < RUNS; run++) {
    // ld.so is verified as a whole.
    const ranges = constantRanges(support).filter(({ end }) => end < LAUNCHER_TEXT)
    const pages = await tracePages(pending.temporary, { tracer: TRACER, from: 'start', ranges })
    if (!pages) throw new Error('the program could not be traced: is there another debugger, or a sandbox?')
    for (const page of pages) used.add(page)
  }
}
rmSync(directory, { recursive: true })

const numbers: number[] = []
for (const address of [...used].toSorted((a, b) => a - b)) {
  const page = address / PAGE_SIZE
  const [start = 0, count = 0] = numbers.slice(-2)
  if (start + count === page && count > 0) numbers.splice(-1, 1, count + 1)
  else numbers.push(page, 1)
}
const rows = Object.entries({ ...known, [runtime.sha256]: numbers }).map(
  ([sha256, list]) => `  "${sha256}": ${JSON.stringify(list)}`,
)
writeFileSync(KNOWN_PAGES, `{\n${rows.join(',\n')}\n}\n`)
process.stdout.write(`node ${runtime.version}: ${used.size} pages in ${numbers.length / 2} runs\n`)
