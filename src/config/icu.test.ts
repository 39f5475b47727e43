import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { diagnoseIcu, resolveIcu } from './icu.ts'

const at = { file: '/project/ingot.config.ts' }
const resolve = (value: string | string[]) => resolveIcu({ value, layer: { values: {}, baseDir: '/', at } })

suite('icu', () => {
  const table: [value: string | string[], locales: string[] | undefined][] = [
    ['full', undefined],
    ['en', ['en']],
    ['de,fr,pt-BR', ['de', 'fr', 'pt-BR']],
    [
      ['pt-br', 'DE', 'de'],
      ['de', 'pt-BR'],
    ],
    [
      ['zh-hant-tw', 'iw'],
      ['he', 'zh-Hant-TW'],
    ],
    ['de-u-co-phonebk', ['de']],
  ]
  for (const [value, locales] of table)
    test(JSON.stringify(value), () => assert.deepEqual(resolve(value), locales))

  test('all without the option', () => assert.equal(resolveIcu(undefined), undefined))

  const refused: [value: string | string[], named: string, help: RegExp][] = [
    [['en', 'xq'], 'xq', /Did you mean .*\bxh\b/],
    ['frr-DE', 'frr-DE', /\bfr-DE\b/],
    ['de_DE', 'de_DE', /^Write full/],
    ['en,', '', /^Write full/],
    [['full', 'de'], 'full', /^Write full/],
  ]
  for (const [value, named, help] of refused)
    test(`refused: ${JSON.stringify(value)}`, () => {
      assert.throws(() => resolve(value), {
        code: 'CONFIG_ICU',
        message: `unknown locale "${named}"`,
        at,
        help,
      })
    })

  test('says where a file does not become smaller', () => {
    assert.deepEqual(diagnoseIcu({ icu: ['en'], target: 'linux-arm64' }), [])
    assert.deepEqual(diagnoseIcu({ target: 'win32-x64' }), [])
    const [diagnostic] = diagnoseIcu({ icu: ['en'], target: 'win32-x64' })
    assert.equal(diagnostic?.code, 'ICU_TARGET')
  })
})
