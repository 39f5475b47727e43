// Programs that are built and run in an empty root, so nothing of them can come from the machine that built them.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { BuildResult } from '../../src/base/build-result.ts'
import { ingotBuild } from './commands.ts'
import { runInEmptyRoot } from './empty-root.ts'
import type { Files } from './files.ts'
import { makeProject } from './project.ts'
import { temporaryDirectory } from './temporary.ts'
import { START } from './thorough.ts'

export interface Program {
  readonly title: string
  readonly files: Files
  readonly args?: readonly string[]
  readonly flags?: readonly string[]
  /** Lines of standard output. */
  readonly prints: readonly string[]
  /** Codes of the diagnostics that it is built with. */
  readonly diagnostics?: readonly string[]
  readonly check?: (result: BuildResult) => void
  /** Why it does not work yet. */
  readonly todo?: string
}

export const ESM = { name: 'program', type: 'module' }

/** Builds and runs them, each on its own. What they do is the same however they start, and freezing is most of such a build. */
export function testPrograms(title: string, programs: readonly Program[]): void {
  const work = temporaryDirectory()
  suite(title, () => {
    for (const { title, files, args = [], flags = [], prints, diagnostics = [], check, todo } of programs) {
      test(title, { ...(todo !== undefined && { todo }) }, async () => {
        const project = makeProject(work, { 'package.json': ESM, ...files })
        const main = Object.keys(files).find((name) => /^main\.\w+$/.test(name))!
        const result = await ingotBuild([main, '-o', 'out/program', ...START, ...flags], { cwd: project })
        assert.deepEqual(
          result.diagnostics.map(({ code }) => code),
          diagnostics,
        )
        check?.(result)
        const { status, signal, stdout, stderr } = await runInEmptyRoot(result.out, { args })
        assert.deepEqual(
          { stderr, lines: stdout.trimEnd().split('\n'), status, signal },
          { stderr: '', lines: prints, status: 0, signal: null },
        )
      })
    }
  })
}
