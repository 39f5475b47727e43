import assert from 'node:assert/strict'
import { test } from 'node:test'

import { buildOptions } from './build-options.ts'
import { splitProgramArguments } from './program-arguments.ts'

for (const [line, build, program] of [
  ['', '', ''],
  ['main.ts', 'main.ts', ''],
  ['main.ts --minify -x -- y', 'main.ts', '--minify -x -- y'],
  ['--minify main.ts --help', '--minify main.ts', '--help'],
  ['--define a=b --include=x main.ts a', '--define a=b --include=x main.ts', 'a'],
  ['--define --minify main.ts a', '--define --minify main.ts', 'a'],
  ['--no-bundle main.ts', '--no-bundle main.ts', ''],
  ['--unknown main.ts x', '--unknown main.ts', 'x'],
  ['-- -main.ts -x', '-- -main.ts', '-x'],
  ['--config', '--config', ''],
] as const) {
  test(`ingot run ${line}`, () => {
    const words = (text: string) => text.split(' ').filter(Boolean)
    assert.deepEqual(splitProgramArguments(words(line), buildOptions), {
      build: words(build),
      program: words(program),
    })
  })
}
