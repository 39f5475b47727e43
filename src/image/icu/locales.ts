// Which locales a choice of them takes along, as ICU's own tool for building less data has it (its user guide,
// "Locale filtering"): what they fall back to, what lies below them, and other names of these.

import { ResourceBundle } from './resource-bundle.ts'

/** Locales of one directory of the package, with what each leads to. */
export interface Tree {
  /** With a slash; empty at the top. */
  readonly directory: string
  /** By ICU's name, as `pt_BR`. */
  readonly locales: ReadonlyMap<string, LocaleLinks>
}

interface LocaleLinks {
  /** It is only another name of this one. */
  readonly alias: string | undefined
  /** What it falls back to, if that is not what its name says. */
  readonly parent: string | undefined
}

/** Not `res_index`: scripts, regions and variants have no small first letter. */
const LOCALE_ITEM = /^((?:[a-z]+\/)?)([a-z]{2,3}(?:_(?:[A-Z\d][A-Za-z\d]*)?)*)\.res$/

/** Directory and locale of an item; undefined of data that belongs to none. */
export function localeOf(name: string): { readonly directory: string; readonly locale: string } | undefined {
  const [, directory, locale] = LOCALE_ITEM.exec(name) ?? []
  return directory === undefined || locale === undefined ? undefined : { directory, locale }
}

/** Languages at the top of a package. */
export function languagesOf(items: ReadonlyMap<string, Uint8Array>): string[] {
  const languages = [...items.keys()].flatMap((name) => {
    const found = localeOf(name)
    return found?.directory === '' ? [found.locale.split('_')[0]!] : []
  })
  return [...new Set(languages)]
}

/** The bundle of this name, with the pool that it shares with others. */
export function openBundle(items: ReadonlyMap<string, Uint8Array>, name: string): ResourceBundle {
  const pool = items.get(`${name.slice(0, name.lastIndexOf('/') + 1)}pool.res`)
  return new ResourceBundle(items.get(name)!, pool && new ResourceBundle(pool))
}

export function treesOf(items: ReadonlyMap<string, Uint8Array>): Tree[] {
  const trees = new Map<string, Map<string, LocaleLinks>>()
  for (const name of items.keys()) {
    const found = localeOf(name)
    if (!found) continue
    const locales = trees.get(found.directory) ?? new Map<string, LocaleLinks>()
    trees.set(found.directory, locales)
    const bundle = openBundle(items, name)
    locales.set(found.locale, { alias: bundle.text('%%ALIAS'), parent: bundle.text('%%Parent') })
  }
  return [...trees].map(([directory, locales]) => ({ directory, locales }))
}

/**
 * All names of locales that are to stay, in whatever tree.
 * @param chosen ICU's names
 */
export function localesFor(trees: readonly Tree[], chosen: readonly string[]): ReadonlySet<string> {
  const linksOf = (locale: string) => trees.flatMap(({ locales }) => locales.get(locale) ?? [])
  const asked = new Set(chosen)
  const isBelow = (locale: string): boolean => {
    if (asked.has(locale)) return true
    // In the other trees some that are of their own have that of another, as Cantonese sorts as Chinese.
    const { alias } = trees.find(({ directory }) => directory === '')?.locales.get(locale) ?? {}
    const parents = linksOf(locale).flatMap(({ parent }) =>
      parent !== undefined && isFamily(parent, locale) ? [parent] : [],
    )
    return [...(alias === undefined ? [] : [alias]), ...parents, ...shortened(locale)].some(isBelow)
  }
  const kept = new Set<string>()
  const keep = (locale: string) => {
    if (locale === 'root' || kept.has(locale)) return
    kept.add(locale)
    for (const { alias, parent } of linksOf(locale)) for (const it of [alias, parent]) if (it) keep(it)
    shortened(locale).forEach(keep)
  }
  chosen.forEach(keep)
  for (const { locales } of trees) for (const locale of locales.keys()) if (isBelow(locale)) keep(locale)
  return kept
}

/** A locale may fall back to another language in a region, as Hindi in Latin letters to English: it is none of its. */
function isFamily(parent: string, locale: string): boolean {
  return !parent.includes('_') || parent.split('_')[0] === locale.split('_')[0]
}

/** `zh_Hant` of `zh_Hant_TW`. */
function shortened(locale: string): string[] {
  const end = locale.lastIndexOf('_')
  return end === -1 ? [] : [locale.slice(0, end)]
}
