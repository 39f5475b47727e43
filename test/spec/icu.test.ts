// Executables with the data of some locales give the results that plain node gives, for these.

import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import type { BuildResult } from '../../src/base/build-result.ts'
import { readNode } from '../../src/cut-icu.ts'
import { ingot, ingotBuild, run } from '../support/commands.ts'
import { withPages } from '../support/emulated.ts'
import { writeFiles } from '../support/files.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { START, THOROUGH } from '../support/thorough.ts'

const RESULTS = path.join(import.meta.dirname, '../fixtures/intl/main.ts')

async function linesOf(command: string, args: readonly string[], env = process.env): Promise<string[]> {
  const { status, stdout, stderr } = await run(command, args, { env: { ...env } })
  assert.equal(status, 0, stderr)
  return stdout.split('\n')
}

function assertSame(actual: readonly string[], expected: readonly string[]): void {
  const at = expected.findIndex((line, i) => line !== actual[i])
  assert.equal(actual[at], expected[at], `answer ${at} of ${expected.length} is another one`)
  assert.equal(actual.length, expected.length)
}

suite('an executable with the data of German', () => {
  const directory = temporaryDirectory()
  const file = path.join(directory, 'program')
  const project = writeFiles(path.join(directory, 'project'), {
    'package.json': { name: 'program', type: 'module' },
    'ingot.config.ts': `export default { icu: ['de'] }\n`,
    'main.ts': `
      const [, , locale] = process.argv
      console.log(new Date(0).toLocaleDateString(locale, { dateStyle: 'full', timeZone: 'UTC' }))
      console.log(Intl.DateTimeFormat.supportedLocalesOf(['de-AT', 'en-US', 'en-GB', 'fr', 'zh']).join())
    `,
  })
  let built: BuildResult
  before(async () => {
    built = await ingotBuild(['main.ts', '-o', file, ...START], { cwd: project })
  })
  const say = async (locale: string, variables: Record<string, string> = {}) => {
    const { PATH } = process.env
    return linesOf(file, locale === '' ? [] : [locale], { PATH, ...variables })
  }
  const GERMAN = 'Donnerstag, 1. Januar 1970'
  const AMERICAN = 'Thursday, January 1, 1970'

  test('is smaller by what the others take', () => {
    const { size, start } = built
    const cold = size - (start.kind === 'frozen' ? start.bytes : 0)
    assert(cold < 100e6, `${cold} bytes`)
  })

  test('knows German, and falls back to American English', async () => {
    const supported = 'de-AT,en-US,en-GB'
    assert.deepEqual((await say('de')).slice(0, 2), [GERMAN, supported])
    assert.equal((await say('de-AT'))[0], 'Donnerstag, 1. Jänner 1970')
    for (const locale of ['', 'en', 'fr', 'zh-TW']) assert.equal((await say(locale))[0], AMERICAN, locale)
  })

  test('takes the language of the machine if it is inside', async () => {
    for (const LANG of ['de_DE.UTF-8', 'de_DE@euro', 'de']) assert.equal((await say('', { LANG }))[0], GERMAN)
    for (const LANG of ['fr_FR.UTF-8', 'zh_CN', 'del', 'C', 'POSIX', 'C.UTF-8'])
      assert.equal((await say('', { LANG }))[0], AMERICAN, LANG)
    assert.equal((await say('', { LC_ALL: 'fr_FR', LANG: 'de_DE' }))[0], AMERICAN)
    assert.equal((await say('', { LC_MESSAGES: 'de_DE', LANG: 'fr_FR' }))[0], GERMAN)
  })

  test('says so', async () => {
    const { stdout } = await ingot(['inspect', file])
    assert.match(stdout, /^ {2}locales +de$/m)
    const inspected = await ingot(['inspect', file, '--json'])
    assert.deepEqual(JSON.parse(inspected.stdout).info.runtime.icu, ['de'])
    assert.equal((await ingot(['verify', file])).status, 0)
  })

  test('is so for linux-arm64, with pages of 64 KiB, too', { skip: !THOROUGH }, async () => {
    const other = `${file}-arm64`
    const target = ['--target', 'linux-arm64', '--runtime', 'node@26.10.0']
    await ingotBuild(['main.ts', '-o', other, ...target], { cwd: project })
    const [emulator, ...options] = withPages(0x1_0000)
    for (const [locale, LANG, answer] of [
      ['de', 'C', GERMAN],
      ['fr', 'C', AMERICAN],
      ['', 'de_DE', GERMAN],
      ['', 'fr_FR', AMERICAN],
    ] as const) {
      const asked = locale === '' ? [] : [locale]
      assert.equal((await linesOf(emulator, [...options, other, ...asked], { LANG }))[0], answer)
    }
  })

  test('is the same when it is built again', { skip: !THOROUGH }, async () => {
    const { status, stderr } = await ingot(
      ['build', 'main.ts', '-o', `${file}-again`, '--start', 'cold', '--verify-reproducible'],
      { cwd: project },
    )
    assert.equal(status, 0, stderr)
  })
})

if (THOROUGH) {
  suite('all that ICU answers', () => {
    const directory = temporaryDirectory()

    test('an executable in English', async () => {
      const file = path.join(directory, 'english')
      await ingotBuild([RESULTS, '-o', file, '--icu', 'en', '--runtime', process.execPath])
      const asked = ['en', 'en-GB', 'en-AU', 'en-IN']
      assertSame(await linesOf(file, asked), await linesOf(process.execPath, [RESULTS, ...asked]))
    })

    // node itself with the same data is as good, and made in no time.
    const table: [chosen: string[], asked: string[]][] = [
      [
        ['de', 'fr', 'pt-BR'],
        ['de', 'de-AT', 'de-CH', 'fr', 'fr-CA', 'pt-BR', 'en', 'en-US'],
      ],
      [
        ['ja', 'ko', 'zh'],
        ['ja', 'zh', 'zh-TW', 'zh-Hant-HK', 'ko'],
      ],
      [
        ['ar', 'he', 'th'],
        ['th', 'he', 'iw', 'ar', 'ar-SA'],
      ],
      [
        ['es-419', 'nb', 'sr-Latn', 'sv'],
        ['nb', 'sr-Latn', 'sr-Latn-BA', 'es-419', 'es-MX', 'sv'],
      ],
      [
        ['bs', 'en-AU', 'hi', 'pt-PT', 'ro', 'zh-TW'],
        ['zh-TW', 'en-AU', 'pt-PT', 'hi', 'bs', 'ro'],
      ],
    ]
    for (const [chosen, asked] of table)
      test(chosen.join(), async () => {
        const node = path.join(directory, 'node')
        writeFileSync(node, readNode(process.execPath, chosen))
        chmodSync(node, 0o755)
        assertSame(
          await linesOf(node, [RESULTS, ...asked]),
          await linesOf(process.execPath, [RESULTS, ...asked]),
        )
      })
  })
}
