// What a Windows executable looks like to the system and its user: version, icon and manifest, as resources.

import { viewOf } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import { struct } from '../../format/struct.ts'
import type { ResourceEntry } from 'resedit'

import type { Resource } from './append.ts'
import { CREATEPROCESS_MANIFEST_RESOURCE_ID, LANG_EN_US, RT_MANIFEST } from './constants.ts'

export interface Appearance {
  readonly version: VersionFacts
  /** An .ico file, and its name for messages. Without one Windows shows what it shows for programs that have none. */
  readonly icon?: { readonly bytes: Uint8Array; readonly file: string } | undefined
  /** node's own. */
  readonly manifest: string
}

/** From package.json. */
export interface VersionFacts {
  /** `1.2.3-beta.4` */
  readonly version: string
  /** `CompanyName`, `FileDescription` and so on; only those that there are. */
  readonly strings: Readonly<Record<string, string>>
}

const LANGUAGE = { lang: LANG_EN_US, codepage: 1200 } as const
/** winver.h: VOS_NT_WINDOWS32, VFT_APP, VS_FFI_FILEFLAGSMASK */
const FIXED_INFO = { fileOS: 0x4_0004, fileType: 1, fileFlagsMask: 0x3f }
const ICON_GROUP = 1

/** @throws BuildError WINDOWS_ICON, with the byte offset */
export async function resourcesOf({ version, icon, manifest }: Appearance): Promise<Resource[]> {
  // Loaded for this target only.
  const { Data, Resource } = await import('resedit')
  const entries: ResourceEntry[] = []
  const info = Resource.VersionInfo.create(LANGUAGE.lang, FIXED_INFO, [
    { ...LANGUAGE, values: { ...version.strings } },
  ])
  const [major, minor, micro] = versionNumbers(version.version)
  info.setFileVersion(major, minor, micro, 0, LANGUAGE.lang)
  info.setProductVersion(major, minor, micro, 0, LANGUAGE.lang)
  // They are numbers to that, and the strings may say more.
  info.setStringValues(LANGUAGE, { FileVersion: version.version, ProductVersion: version.version })
  info.replaceAvailableLanguages([LANGUAGE])
  info.outputToResourceEntries(entries)
  if (icon) {
    checkIcon(icon.bytes, icon.file)
    const images = Data.IconFile.from(icon.bytes).icons.map(({ data }) => data)
    Resource.IconGroupEntry.replaceIconsForResource(entries, ICON_GROUP, LANGUAGE.lang, images)
  }
  const ofManifest = {
    type: RT_MANIFEST,
    name: CREATEPROCESS_MANIFEST_RESOURCE_ID,
    language: LANG_EN_US,
    codepage: 0,
    data: Buffer.from(extendManifest(manifest)),
  }
  return [...entries.map(toResource), ofManifest]
}

function toResource({ type, id, lang, codepage, bin }: ResourceEntry): Resource {
  return { type, name: id, language: Number(lang), codepage, data: new Uint8Array(bin) }
}

/** Windows has four numbers of 16 bits; semantic versions have three, and words behind them. */
function versionNumbers(version: string): [number, number, number] {
  const [, ...parts] = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version) ?? []
  const [major = 0, minor = 0, micro = 0] = parts.map((part) => Math.min(Number(part ?? 0), 0xffff))
  return [major, minor, micro]
}

/** Paths longer than 260 characters, and UTF-8 as what functions with bytes take: what node says of neither. */
const SETTINGS = [
  ['longPathAware', '2016', 'true'],
  ['activeCodePage', '2019', 'UTF-8'],
] as const

function extendManifest(manifest: string): string {
  const settings = SETTINGS.filter(([name]) => !manifest.includes(`<${name}`)).map(
    ([name, year, value]) =>
      `      <${name} xmlns="http://schemas.microsoft.com/SMI/${year}/WindowsSettings">${value}</${name}>\n`,
  )
  if (settings.length === 0) return manifest
  const application =
    '  <application xmlns="urn:schemas-microsoft-com:asm.v3">\n' +
    `    <windowsSettings>\n${settings.join('')}    </windowsSettings>\n  </application>\n`
  const end = manifest.lastIndexOf('</assembly>')
  return end === -1 ? manifest : manifest.slice(0, end) + application + manifest.slice(end)
}

/** ICONDIR and ICONDIRENTRY of an .ico file. */
const IconHeader = struct({ reserved: 'u16', type: 'u16', count: 'u16' })
const IconEntry = struct({
  width: 'u8',
  height: 'u8',
  colors: 'u8',
  reserved: 'u8',
  planes: 'u16',
  bitCount: 'u16',
  size: 'u32',
  offset: 'u32',
})
const TYPE_ICON = 1

function checkIcon(bytes: Uint8Array, file: string): void {
  const refuse = (why: string, offset: number): never => {
    throw new BuildError('WINDOWS_ICON', `this is no icon that Windows can show: ${why}`, {
      at: { file, offset },
      help: 'name an .ico file; it may hold several sizes, as bitmaps or PNGs',
    })
  }
  if (bytes.length < IconHeader.size) refuse('it is cut off', bytes.length)
  const view = viewOf(bytes)
  const { reserved, type, count } = IconHeader.read(view, 0)
  if (reserved !== 0 || type !== TYPE_ICON) refuse('it is not an .ico file', 0)
  if (count === 0) refuse('there is no image in it', IconHeader.offsetOf('count'))
  const tableEnd = IconHeader.size + count * IconEntry.size
  if (tableEnd > bytes.length) refuse('it is cut off', IconHeader.offsetOf('count'))
  for (let at = IconHeader.size; at < tableEnd; at += IconEntry.size) {
    const { offset, size } = IconEntry.read(view, at)
    if (offset < tableEnd || offset + size > bytes.length || size < BITMAP_HEADER)
      refuse('an image lies outside of the file', at + IconEntry.offsetOf('offset'))
  }
}

/** BITMAPINFOHEADER; a PNG is larger, too. */
const BITMAP_HEADER = 40
