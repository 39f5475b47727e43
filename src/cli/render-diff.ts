// What `ingot diff` says to people.

import type { Change, Changes, Differences } from '../inspect.ts'
import { formatSize, type Paint } from './render.ts'

/** Of each kind; --json has all. */
const SHOWN = 40

export function renderDiff(differences: Differences, paint: Paint): string {
  const { before, after, isSame, facts, packages, files, bundled, native, libraries, parts } = differences
  const lines = [
    `${paint('bold', printable(before.file))}  ${formatSize(before.size)}`,
    `${paint('bold', printable(after.file))}  ${formatSize(after.size)}${grown(before.size, after.size)}`,
  ]
  if (isSame) return `${[...lines, 'the same bytes'].join('\n')}\n`
  const sized = ({ path, size }: { path: string; size: number }) => `${path}  ${formatSize(size)}`
  const sections = [
    section(
      'facts',
      facts.map(({ name, before, after }) => `  ${printable(`${name}  ${text(before)} -> ${text(after)}`)}`),
    ),
    section('packages', changeLines(packages, packageText, packageChange, paint)),
    section('files', changeLines(files, sized, fileChange, paint)),
    section('bundled modules', changeLines(bundled, sized, fileChange, paint)),
    section('native code', changeLines(native, sized, fileChange, paint)),
    section(
      'libraries',
      changeLines(
        libraries,
        ({ name }) => name,
        ({ name }) => `${name}  other bytes`,
        paint,
      ),
    ),
    section(
      'sizes',
      parts.map(
        ({ name, before, after }) =>
          `  ${name}  ${formatSize(before)} -> ${formatSize(after)}${grown(before, after)}`,
      ),
    ),
  ].flat()
  const nothing = [
    'nothing that they say of themselves differs, and no file: only other bytes, as of a frozen process',
  ]
  return `${[...lines, ...(sections.length > 0 ? sections : nothing)].join('\n')}\n`
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return []
  const more = lines.length > SHOWN ? [`  and ${lines.length - SHOWN} more (--json has all)`] : []
  return ['', `${title} (${lines.length})`, ...lines.slice(0, SHOWN), ...more]
}

function changeLines<T>(
  { added, removed, changed }: Changes<T>,
  one: (item: T) => string,
  both: (change: Change<T>) => string,
  paint: Paint,
): string[] {
  return [
    ...added.map((item) => `  ${paint('green', '+')} ${printable(one(item))}`),
    ...removed.map((item) => `  ${paint('red', '-')} ${printable(one(item))}`),
    ...changed.map((change) => `  ${paint('yellow', '~')} ${printable(both(change))}`),
  ]
}

function packageText({ name, version, path }: Differences['packages']['added'][number]): string {
  return `${name} ${version}${path === `node_modules/${name}` ? '' : `  (${path})`}`
}

function packageChange({ before, after }: Differences['packages']['changed'][number]): string {
  const what = (['version', 'license', 'integrity'] as const).filter((each) => before[each] !== after[each])
  const changes = what
    // Another version has another integrity.
    .filter((each) => each !== 'integrity' || !what.includes('version'))
    .map((each) => `${each === 'version' ? '' : `${each} `}${text(before[each])} -> ${text(after[each])}`)
  return `${after.name}${what.includes('version') ? '' : ` ${after.version}`}  ${changes.join(', ')}`
}

function fileChange({ name, before, after }: Differences['files']['changed'][number]): string {
  if (before.size === after.size) return `${name}  ${formatSize(after.size)}, other content`
  return `${name}  ${formatSize(before.size)} -> ${formatSize(after.size)}`
}

function text(value: string | undefined): string {
  return value === undefined || value === '' ? 'nothing' : value
}

function grown(before: number, after: number): string {
  if (before === after) return ''
  return `  (${after > before ? '+' : '-'}${formatSize(Math.abs(after - before))})`
}

/** A name may hold what a terminal obeys. */
function printable(name: string): string {
  const escaped = (character: string) => `\\u{${character.codePointAt(0)!.toString(16)}}`
  return name.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)
}
