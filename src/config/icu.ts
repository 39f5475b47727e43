import { BuildError, type Diagnostic } from '../base/diagnostics.ts'
import { editDistance } from '../base/nearest.ts'
import { isLinux } from '../base/targets.ts'
import type { ResolvedConfig, UserConfig } from './config.ts'
import type { Layer } from './layer.ts'

/**
 * Locales to have data of, canonical, each once; undefined: all.
 * @throws BuildError CONFIG_ICU
 */
export function resolveIcu(
  picked: { value: NonNullable<UserConfig['icu']>; layer: Layer } | undefined,
): readonly string[] | undefined {
  if (picked === undefined) return undefined
  const { value, layer } = picked
  const names = [value].flat().flatMap((text) => text.split(','))
  if (names.length === 1 && names[0] === 'full') return undefined
  // In the order of their letters, not of any locale's alphabet.
  return [...new Set(names.map((name) => localeNamed(name.trim(), layer)))].toSorted()
}

function localeNamed(name: string, { at }: Layer): string {
  const locale = parse(name)
  if (locale && Intl.DateTimeFormat.supportedLocalesOf(locale).length > 0) return locale
  const meant = locale === undefined ? undefined : nearestLanguages(name)
  throw new BuildError('CONFIG_ICU', `unknown locale "${name}"`, {
    ...(at && { at }),
    help:
      meant === undefined
        ? 'Write full, or locales as in Intl: en, de-AT, zh-Hant, pt-BR.'
        : `Did you mean ${meant}? Write full, or locales as in Intl: en, de-AT, zh-Hant, pt-BR.`,
  })
}

/** Without what is about a use of the locale, and not about its data (`-u-nu-latn`). */
function parse(name: string): string | undefined {
  try {
    return new Intl.Locale(name).baseName
  } catch {
    return undefined
  }
}

/** Nobody lists the languages that there is data of, so all names that there can be are asked. */
function nearestLanguages(name: string): string | undefined {
  const [language = '', ...rest] = name.split('-')
  const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode('a'.charCodeAt(0) + i))
  const twos = letters.flatMap((first) => letters.map((second) => first + second))
  const threes = twos.flatMap((start) => letters.map((end) => start + end))
  const near = [...twos, ...threes].filter((one) => editDistance(language.toLowerCase(), one) === 1)
  const known = Intl.DateTimeFormat.supportedLocalesOf(near).slice(0, 5)
  return known.length === 0 ? undefined : known.map((one) => [one, ...rest].join('-')).join(', ')
}

/** Elsewhere nothing can be taken out of the middle of a file. */
export function diagnoseIcu({ icu, target }: Pick<ResolvedConfig, 'icu' | 'target'>): Diagnostic[] {
  if (icu === undefined || isLinux(target)) return []
  return [
    {
      severity: 'info',
      code: 'ICU_TARGET',
      message: `the data of other locales than ${icu.join(', ')} becomes zeros in a file for ${target}: it is as large, and smaller when it is compressed`,
    },
  ]
}
