// `ingot inspect` and `ingot licenses` for people.

import type { InspectedSignature, Inspection, Notice } from '../inspect.ts'
import { renderContract } from './render-contract.ts'
import { formatSize, type Paint } from './render.ts'

type Info = Inspection['info']

/** The largest of many packages; `--json` has them all. */
const SHOWN_PACKAGES = 20

export function renderInspection(inspection: Inspection, paint: Paint): string {
  const { info } = inspection
  const sections = [
    [title(info, paint), `${fileSize(inspection)} for ${info.target}, built by ingot ${info.ingot}`],
    table(facts(inspection)),
    section('sizes', table(sizes(inspection)), paint),
    section(`packages  ${info.packages.length}`, packages(info, paint), paint),
    section(`native code  ${info.native.length}`, native(info, paint), paint),
    section('cryptography', table(crypto(info)), paint),
    info.contract ? [renderContract(info.contract).trimEnd()] : [],
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n')
}

export function renderNotices(notices: readonly Notice[]): string {
  const line = '='.repeat(80)
  return notices
    .map(({ of, text }) => `${line}\n${of.join('\n')}\n${line}\n\n${text ?? 'No text comes with it.'}\n`)
    .join('\n')
}

function title({ program, entries }: Info, paint: Paint): string {
  const name = program.name ?? entries[0]?.name ?? 'tests'
  return [paint('bold', name), program.version, program.license && paint('dim', program.license)]
    .filter(Boolean)
    .join(' ')
}

function fileSize({ size, compressedSize }: Inspection): string {
  if (compressedSize === undefined) return formatSize(size)
  return `${formatSize(compressedSize)}, compressed (${formatSize(size)} decompressed),`
}

function facts({ start, seal, signature, fuses, parts, info, reproducible }: Inspection): Rows {
  const open = Object.entries(fuses).filter(([, isOpen]) => isOpen)
  const { entries, external, runtime, libraries, vcs } = info
  return [
    ['start', start === 'frozen' ? `frozen, ${formatSize(parts.frozen)} of memory` : 'cold'],
    ...(entries.length > 1 ? [['programs', entries.map(({ name }) => name).join(', ')] as const] : []),
    ['modules', info.bundled.length > 0 ? `${info.bundled.length} bundled` : 'files, none bundled'],
    ['node', `${runtime.version}  ${runtime.origin}`],
    ...(runtime.icu ? [['locales', runtime.icu.join(', ')] as const] : []),
    ...(runtime.leftOut ? [['node without', runtime.leftOut.join(', ')] as const] : []),
    ['libraries', libraries.packages.map(named).join(', ') || libraries.origin],
    ...(vcs ? [['commit', `${vcs.commit}${vcs.dirty ? ', with changes' : ''}`] as const] : []),
    ...(external.length > 0 ? [['left out', external.join(', ')] as const] : []),
    ['fuses', open.length > 0 ? `open: ${open.map(([name]) => name).join(', ')}` : 'all closed'],
    ...(signature ? [['signed', signed(signature)] as const] : []),
    [signature ? 'cdhash' : 'seal', seal === undefined ? 'none' : `sha256 ${seal.root}`],
    [
      'same bytes',
      reproducible.unless.length === 0 ? 'on any machine' : `no: ${reproducible.unless.join('; ')}`,
    ],
  ]
}

function signed({ identifier, isAdHoc, hasHardenedRuntime }: InspectedSignature): string {
  const how = isAdHoc ? 'ad hoc' : 'with a certificate'
  return `as ${identifier}, ${how}${hasHardenedRuntime ? ', hardened runtime' : ''}`
}

function sizes({ parts }: Inspection): Rows {
  const rows: [string, number][] = [
    ['node', parts.runtime],
    ['libraries', parts.libraries],
    ['ingot', parts.bootstrap],
    ['program', parts.program - parts.info],
    ['build info', parts.info],
    ['frozen', parts.frozen],
    ['seal', parts.seal],
  ]
  return rows.filter(([, size]) => size > 0).map(([label, size]) => [label, formatSize(size).padStart(8)])
}

function packages({ packages }: Info, paint: Paint): string[] {
  const largest = packages.toSorted((a, b) => b.size - a.size).slice(0, SHOWN_PACKAGES)
  const rows = largest.map((one): [string, string] => [
    named(one),
    `${formatSize(one.size).padStart(8)}  ${paint('dim', one.license ?? 'no licence named')}`,
  ])
  const more = packages.length - largest.length
  return [...table(rows), ...(more > 0 ? [`  and ${more} more: --json has all`] : [])]
}

function native({ native }: Info, paint: Paint): string[] {
  return native.flatMap(({ path, size, needs, versions }) => [
    `  ${path}  ${formatSize(size)}`,
    ...(needs.length > 0 ? [paint('dim', `    links to ${needs.join(', ')}`)] : []),
    ...(versions.length > 0 ? [paint('dim', `    needs ${newest(versions).join(', ')}`)] : []),
  ])
}

/** Of `GLIBC_2.2.5` and `GLIBC_2.34` the latter: who has that has the others. They are in order. */
function newest(versions: readonly string[]): string[] {
  return [...new Map(versions.map((version) => [version.replace(/_[^_]*$/, ''), version])).values()]
}

const KINDS = { native: 'native code', wasm: 'WebAssembly', pure: 'JavaScript' }

function crypto({ crypto }: Info): Rows {
  return crypto.map((one) => [named(one), one.package === undefined ? 'in node' : KINDS[one.kind]])
}

type Rows = readonly (readonly [label: string, text: string])[]

function section(head: string, lines: readonly string[], paint: Paint): readonly string[] {
  return lines.length > 0 ? [paint('bold', head), ...lines] : []
}

/** Labels in a column of their own. */
function table(rows: Rows): string[] {
  const width = Math.max(10, ...rows.map(([label]) => label.length))
  return rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`.trimEnd())
}

function named({ name, version }: { readonly name: string; readonly version: string }): string {
  return `${name} ${version}`
}
