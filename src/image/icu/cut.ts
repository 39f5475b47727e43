// Makes ICU's data smaller: what belongs to locales that nobody asks for is left out, and the lists of locales say so.
// Everything else stays byte by byte, so what a program asks of a locale that is inside is what it was.

import { viewOf } from '../../base/bytes.ts'
import { unreachableConverters } from './converters.ts'
import { localeOf, localesFor, openBundle, treesOf } from './locales.ts'
import { DataHeader, type IcuPackage, writePackage } from './package.ts'
import { writeBundle, type Resource, type ResourceTable } from './resource-bundle.ts'

/** What a program falls back to, and V8 where there is no locale that it knows. */
const ALWAYS = ['en_US']

/**
 * The package with the data of these locales.
 * @param chosen BCP 47, canonical
 */
export function cutPackage(whole: IcuPackage, chosen: readonly string[]): Uint8Array {
  const asked = [...chosen.map((tag) => tag.replaceAll('-', '_')), ...ALWAYS]
  const { items } = whole
  const locales = localesFor(treesOf(items), asked)
  const isOther = (name: string) => {
    const found = localeOf(name)
    return found !== undefined && !locales.has(found.locale)
  }
  const left = new Map([...items].filter(([name]) => !isOther(name)))
  const unused = [...unusedBreakData(left, locales), ...unreachableConverters(left), ...withoutReader(left)]
  for (const name of unused) left.delete(name)
  for (const [name, item] of left) if (LIST.test(name)) left.set(name, cutList(item, left, name))
  left.set(LAST, emptyBundle(items))
  return writePackage(whole, left)
}

/**
 * Behind all others: ICU does not know how long the last item is, and Temporal wants to know it of zoneinfo64.res, which is the
 * last one that is in no locale.
 */
export const LAST = '~.res'

function emptyBundle(items: IcuPackage['items']): Uint8Array {
  const [, list] = [...items].find(([name]) => LIST.test(name))!
  return writeBundle(headerOf(list), new Map())
}

function headerOf(item: Uint8Array): Uint8Array {
  return item.subarray(0, DataHeader.read(viewOf(item), 0).headerSize)
}

const LIST = /(?:^|\/)res_index\.res$/

/** A list of locales, of those only that are there. */
function cutList(item: Uint8Array, items: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const directory = name.slice(0, name.lastIndexOf('/') + 1)
  const isThere = ([locale, value]: [string, Resource]) =>
    typeof value === 'object' || items.has(`${directory}${locale}.res`)
  const lists = [...openBundle(items, name).read()].map(([key, value]): [string, Resource] => [
    key,
    typeof value === 'object' ? new Map([...value].filter(isThere)) : value,
  ])
  return writeBundle(headerOf(item), new Map(lists))
}

/** Dictionaries that divide text without spaces into words, by the languages that are written so. */
const DICTIONARIES: Readonly<Record<string, readonly string[]>> = {
  'brkitr/burmesedict.dict': ['my'],
  'brkitr/cjdict.dict': ['ja', 'ko', 'yue', 'zh'],
  'brkitr/khmerdict.dict': ['km'],
  'brkitr/laodict.dict': ['lo'],
  'brkitr/thaidict.dict': ['th'],
}

/** Rules of line breaks and the like that no locale names any more, and dictionaries of other languages. */
function unusedBreakData(items: ReadonlyMap<string, Uint8Array>, locales: ReadonlySet<string>): string[] {
  const bundles = [...items.keys()].filter((name) => /^brkitr\/.*\.res$/.test(name) && !LIST.test(name))
  const named = new Set(bundles.flatMap((name) => textsIn(openBundle(items, name).read())))
  return [...items.keys()].filter((name) => {
    const languages = DICTIONARIES[name]
    if (languages) return !languages.some((language) => locales.has(language))
    return /^brkitr\/.*\.brk$/.test(name) && !named.has(name.slice('brkitr/'.length))
  })
}

function textsIn(table: ResourceTable): string[] {
  return [...table.values()].flatMap((value) => (typeof value === 'string' ? [value] : textsIn(value)))
}

/**
 * Node is compiled without what reads transliterations, profiles of StringPrep and confusable characters, and nothing in
 * JavaScript asks for the names of characters.
 */
const NO_READER = /^(?:translit\/.*|.*\.spp|confusables\.cfu|unames\.icu)$/

function withoutReader(items: ReadonlyMap<string, Uint8Array>): string[] {
  return [...items.keys()].filter((name) => NO_READER.test(name))
}
