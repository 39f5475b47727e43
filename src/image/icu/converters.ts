// ICU's converters between encodings. JavaScript reaches those of the encodings that TextDecoder knows, and no others:
// 120 of the rest are of mainframes and terminals. Which converter is which encoding's says ICU's table of aliases (ucnv_io.cpp).

import { viewOf } from '../../base/bytes.ts'
import { DataHeader, textAt } from './package.ts'

/** Encoding Standard, "Names and labels", without those that need no table. */
const ENCODINGS = [
  'ibm866',
  'koi8-r',
  'koi8-u',
  'macintosh',
  'x-mac-cyrillic',
  'gbk',
  'gb18030',
  'big5',
  'big5-hkscs',
  'euc-jp',
  'iso-2022-jp',
  'shift_jis',
  'euc-kr',
  'windows-949',
  ...[2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16].map((part) => `iso-8859-${part}`),
  ...[874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258].map((page) => `windows-${page}`),
]
/** What ICU's converter of ISO-2022-JP is made of: it asks by these names (ucnv2022.cpp). */
const PARTS = ['iso-8859-7', 'shift-jis', 'jisx-212', 'ibm-5478', 'ksc_5601']

/** Items of the package that no program asks for. */
export function unreachableConverters(items: ReadonlyMap<string, Uint8Array>): string[] {
  const aliases = items.get('cnvalias.icu')
  if (!aliases) return []
  const converterOf = readAliases(aliases)
  const kept = new Set<string>()
  const keep = (name: string | undefined) => {
    const item = name === undefined ? undefined : items.get(`${name}.cnv`)
    if (name === undefined || !item || kept.has(name)) return
    kept.add(name)
    baseTables(item).forEach(keep)
  }
  for (const encoding of [...ENCODINGS, ...PARTS]) keep(converterOf(encoding) ?? encoding)
  return [...items.keys()].filter((name) => name.endsWith('.cnv') && !kept.has(name.slice(0, -'.cnv'.length)))
}

/** Sections of the table, in 16-bit units; their sizes come first. */
const [CONVERTERS, ALIASES, CONVERTERS_OF_ALIASES, STRINGS] = [0, 2, 3, 7]
const CONVERTER_MASK = 0xfff

function readAliases(item: Uint8Array): (alias: string) => string | undefined {
  const whole = viewOf(item)
  const view = viewOf(item.subarray(DataHeader.read(whole, 0).headerSize))
  const sizes = Array.from({ length: view.getUint32(0, true) }, (_, i) => view.getUint32(4 + 4 * i, true))
  const starts: number[] = []
  let end = 4 + 4 * sizes.length
  for (const size of sizes) {
    starts.push(end)
    end += 2 * size
  }
  const unit = (section: number, i: number) => view.getUint16(starts[section]! + 2 * i, true)
  const text = (at: number) => textAt(view, starts[STRINGS]! + 2 * at)
  const converters = new Map(
    Array.from({ length: sizes[ALIASES]! }, (_, i) => [
      plain(text(unit(ALIASES, i))),
      text(unit(CONVERTERS, unit(CONVERTERS_OF_ALIASES, i) & CONVERTER_MASK)),
    ]),
  )
  return (alias) => converters.get(plain(alias))
}

/** As ICU compares names: neither case nor punctuation counts, and no zero before a number. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .replaceAll(/(?<!\d)0+(?=\d)/g, '')
}

/** A converter's table may say only what is other than in another one, whose name follows its header (ucnvmbcs.cpp). */
const NAME_LIMIT = 1024

function baseTables(item: Uint8Array): string[] {
  const start = Buffer.from(item.subarray(0, NAME_LIMIT)).toString('latin1')
  return start.match(/(?<=\0)[\w-]{4,60}(?=\0)/g) ?? []
}
