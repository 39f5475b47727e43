// All of this on the data of the node that runs the tests: what ICU's own tools make of it is the only reference there is.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'

import { unreachableConverters } from './converters.ts'
import { cutPackage, LAST } from './cut.ts'
import { languagesOf, localeOf, localesFor, openBundle, treesOf } from './locales.ts'
import { findPackage, writePackage } from './package.ts'
import { placesIn } from './places.ts'
import { ResourceBundle, writeBundle, type ResourceTable } from './resource-bundle.ts'

const node = readFileSync(process.execPath)
const whole = findPackage(node)!
const original = node.subarray(whole.offset, whole.offset + whole.size)
const trees = treesOf(whole.items)
const english = cutPackage(whole, ['en'])
const cut = findPackage(english)!

suite('package', () => {
  test('what is read and written again is the same, byte by byte', () => {
    assert(whole.items.size > 1000)
    assert(Buffer.from(writePackage(whole, whole.items)).equals(original))
  })

  test('what is damaged is no package', () => {
    const head = Buffer.from(original.subarray(0, 200_000))
    assert.equal(findPackage(head), undefined, 'cut off')
    for (const at of [0, 2, 8, 12, whole.header.length + 3, whole.header.length + 11]) {
      const bytes = Buffer.from(original)
      bytes[at]! ^= 0x40
      assert.equal(findPackage(bytes), undefined, `byte ${at}`)
    }
    assert.equal(findPackage(Buffer.from('CmnD')), undefined)
    assert.equal(findPackage(new Uint8Array(0)), undefined)
  })
})

suite('resource bundles', () => {
  const list = openBundle(whole.items, 'res_index.res').read()

  test('keys and texts are read from a bundle itself and from its pool', () => {
    assert.deepEqual(new Set(list.keys()), new Set(['AliasLocales', 'CLDRVersion', 'InstalledLocales']))
    assert.equal(list.get('CLDRVersion'), process.versions['cldr']!.replace(/\.0$/, ''))
    assert.equal(openBundle(whole.items, 'en_AU.res').text('%%Parent'), 'en_001')
    assert.equal(openBundle(whole.items, 'iw.res').text('%%ALIAS'), 'he')
    assert.equal(openBundle(whole.items, 'en.res').text('%%ALIAS'), undefined)
  })

  test('what is written can be read', () => {
    const header = whole.items.get('res_index.res')!.subarray(0, 32)
    const table: ResourceTable = new Map<string, string | ResourceTable>([
      ['a', ''],
      ['b', 'a text'],
      [
        'c',
        new Map([
          ['a', ''],
          ['d', 'ü'],
        ]),
      ],
    ])
    assert.deepEqual(new ResourceBundle(writeBundle(header, table)).read(), table)
    assert.deepEqual(new ResourceBundle(writeBundle(header, list)).read(), list)
  })
})

suite('locales', () => {
  const table: [chosen: string[], inside: string[], outside: string[]][] = [
    [['en'], ['en', 'en_US', 'en_GB', 'en_001', 'en_150', 'en_US_POSIX'], ['de', 'hi_Latn']],
    [['de'], ['de', 'de_AT', 'de_DE', 'en', 'en_US'], ['en_GB', 'en_001', 'fr']],
    [['en_AU'], ['en_AU', 'en_001', 'en'], ['en_GB', 'en_NZ']],
    [['pt_BR'], ['pt_BR', 'pt'], ['pt_PT']],
    [['es_419'], ['es_419', 'es_MX', 'es_AR', 'es'], ['es_ES']],
    [['zh'], ['zh', 'zh_Hans_CN', 'zh_Hant_TW', 'zh_TW', 'zh_HK'], ['ja']],
    [['zh_TW'], ['zh_TW', 'zh_Hant_TW', 'zh_Hant'], ['zh_Hant_HK', 'zh_Hans_CN']],
    [['nb'], ['nb', 'nb_NO', 'no'], ['nn']],
    [['no'], ['no', 'nb', 'nn', 'nb_NO'], ['da']],
    [['he'], ['he', 'iw', 'he_IL', 'iw_IL'], ['ar']],
    [['sr_Latn'], ['sr_Latn', 'sr_Latn_RS', 'sh', 'sr'], ['sr_Cyrl_BA']],
    [['hi_Latn'], ['hi_Latn', 'hi', 'en_IN', 'en_001'], ['hi_IN']],
    [['de_ZZ'], ['de'], ['de_AT']],
  ]
  for (const [chosen, inside, outside] of table)
    test(chosen.join(), () => {
      const kept = localesFor(trees, [...chosen, 'en_US'])
      assert.deepEqual(
        inside.filter((it) => !kept.has(it)),
        [],
        'are missing',
      )
      assert.deepEqual(
        outside.filter((it) => kept.has(it)),
        [],
        'are too many',
      )
    })

  test('data that belongs to no locale is told apart', () => {
    for (const name of [
      'res_index.res',
      'root.res',
      'pool.res',
      'lang/root.res',
      'units.res',
      'zoneinfo64.res',
      'x.icu',
    ])
      assert.equal(localeOf(name), undefined, name)
    assert.deepEqual(localeOf('coll/de__PHONEBOOK.res'), { directory: 'coll/', locale: 'de__PHONEBOOK' })
    assert.deepEqual(localeOf('ja_JP_TRADITIONAL.res'), { directory: '', locale: 'ja_JP_TRADITIONAL' })
  })
})

suite('what is left', () => {
  test('is what it was, but for the lists of locales', () => {
    for (const [name, item] of cut.items) {
      if (name.endsWith('res_index.res') || name === LAST) continue
      // The last one ends without padding.
      const before = whole.items.get(name)!.subarray(0, item.length)
      assert(before.length === item.length && Buffer.from(item).equals(before), name)
    }
    assert(english.length < 0.2 * original.length, `${english.length} bytes`)
    assert.deepEqual(languagesOf(cut.items), ['en'])
  })

  test('has something behind all of it, so that ICU knows where it ends', () => {
    assert.equal([...cut.items.keys()].at(-1), LAST)
    assert.equal(localeOf(LAST), undefined)
    assert.deepEqual([...openBundle(cut.items, LAST).read()], [])
  })

  test('is all that is in no locale, and that something in node reads', () => {
    const gone = [...whole.items.keys()].filter((name) => !cut.items.has(name) && !localeOf(name))
    const expected = /^(?:brkitr\/.*\.(?:dict|brk)|.*\.(?:cnv|spp|cfu)|translit\/root\.res|unames\.icu)$/
    assert.deepEqual(
      gone.filter((name) => !expected.test(name)),
      [],
    )
  })

  for (const chosen of [['en'], ['de', 'fr'], ['zh-TW'], ['ja', 'sr-Latn', 'nb']])
    test(`names nothing that is not there: ${chosen.join()}`, () => {
      const { items } = findPackage(cutPackage(whole, chosen))!
      const kept = new Set([...items.keys()].map((name) => localeOf(name)?.locale))
      for (const name of items.keys()) {
        if (!name.endsWith('.res') || name.endsWith('pool.res')) continue
        const bundle = openBundle(items, name)
        for (const path of bundle.aliases()) {
          const [, place, locale] = path.split('/')
          assert(place === 'LOCALE' || items.has(`${locale}.res`), `${name}: ${path}`)
        }
        for (const key of ['%%ALIAS', '%%Parent']) {
          const other = bundle.text(key)
          assert(other === undefined || other === 'root' || kept.has(other), `${name}: ${other}`)
        }
        if (name.endsWith('res_index.res')) {
          const directory = name.slice(0, -'res_index.res'.length)
          for (const list of bundle.read().values())
            for (const locale of typeof list === 'object' ? list.keys() : [])
              assert(items.has(`${directory}${locale}.res`), `${name}: ${locale}`)
        }
      }
    })

  test('has a dictionary where a language needs it', () => {
    const dictionaries = (chosen: string[]) =>
      [...findPackage(cutPackage(whole, chosen))!.items.keys()].filter((name) => name.endsWith('.dict'))
    assert.deepEqual(dictionaries(['de']), [])
    assert.deepEqual(dictionaries(['th']), ['brkitr/thaidict.dict'])
    assert.deepEqual(dictionaries(['zh-TW', 'lo']), ['brkitr/cjdict.dict', 'brkitr/laodict.dict'])
  })

  test('has the converters of the Encoding Standard, with what they are made of', () => {
    const gone = new Set(unreachableConverters(whole.items))
    const kept = [...whole.items.keys()].filter((name) => name.endsWith('.cnv') && !gone.has(name))
    for (const name of ['gb18030-2022.cnv', 'euc-jp-2007.cnv', 'jisx-212.cnv', 'ibm-1386_P100-2001.cnv'])
      assert(kept.includes(name), name)
    assert(!kept.includes('ibm-37_P100-1995.cnv'))
    assert(kept.length < 60, kept.join())
  })

  test('is found by where it was', () => {
    const place = { offset: 0, size: 0 }
    for (const name of ['root.res', 'en.res', 'zoneinfo64.res', 'supplementalData.res']) {
      const item = whole.items.get(name)!
      place.offset = item.byteOffset - whole.header.byteOffset
      place.size = Math.min(4096, item.length)
      const found = placesIn(whole, cut, place)
      const now = cut.items.get(name)!.byteOffset - cut.header.byteOffset
      assert(found.includes(now), name)
      assert(found.includes(now + place.size - 1), name)
    }
    const lost = whole.items.get('de.res')!.byteOffset - whole.header.byteOffset
    assert.deepEqual(placesIn(whole, cut, { offset: lost + 64, size: 1 }), [])
    assert(placesIn(whole, cut, { offset: 4096, size: 4096 }).includes(0), 'the list of items')
  })
})
