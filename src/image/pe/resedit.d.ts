// What is used of resedit. Its own types bring along those of a browser's page, for the whole of this program.

interface ResourceEntry {
  type: string | number
  id: string | number
  lang: string | number
  codepage: number
  bin: ArrayBuffer
}
interface Language {
  readonly lang: number
  readonly codepage: number
}
type Strings = Record<string, string>
type IconImage = { readonly isIcon: () => boolean }

export declare const Resource: {
  readonly VersionInfo: {
    create(
      lang: number,
      fixedInfo: Readonly<Record<string, number>>,
      strings: readonly (Language & { readonly values: Strings })[],
    ): {
      setFileVersion(major: number, minor: number, micro: number, revision: number, lang: number): void
      setProductVersion(major: number, minor: number, micro: number, revision: number, lang: number): void
      setStringValues(language: Language, values: Strings): void
      replaceAvailableLanguages(languages: readonly Language[]): void
      outputToResourceEntries(entries: ResourceEntry[]): void
    }
  }
  readonly IconGroupEntry: {
    replaceIconsForResource(
      entries: ResourceEntry[],
      group: number,
      lang: number,
      images: readonly IconImage[],
    ): void
  }
}
export declare const Data: {
  readonly IconFile: { from(bytes: ArrayBufferView): { readonly icons: readonly { data: IconImage }[] } }
}
export type { ResourceEntry }
