// What both kinds of SBOM say: everything inside an executable as a list of components, and which of them needs which.

import { ownerFinder } from '../../base/owner-finder.ts'
import type { BuildInfo, PackageInfo } from '../../format/build-info.ts'

/** The executable that an SBOM is of. */
export interface SbomSubject {
  readonly info: BuildInfo
  /** SHA-256 of all its bytes, hex. */
  readonly sha256: string
  readonly size: number
}

export interface SbomComponent {
  /** Unique in the list. */
  readonly ref: string
  readonly kind: 'application' | 'platform' | 'library' | 'file'
  readonly name: string
  readonly version?: string | undefined
  /** Package URL. */
  readonly purl?: string | undefined
  /** CPE 2.3, by which vulnerabilities are looked up. */
  readonly cpe?: string | undefined
  /** As its author writes it: mostly an SPDX expression. */
  readonly license?: string | undefined
  /** Hex. */
  readonly hash?: { readonly algorithm: 'SHA-256' | 'SHA-512'; readonly value: string } | undefined
  readonly homepage?: string | undefined
  readonly repository?: string | undefined
  /** Refs. */
  readonly needs: readonly string[]
  readonly properties: Readonly<Record<string, string>>
}

export function sbomContents(subject: SbomSubject): { program: SbomComponent; inside: SbomComponent[] } {
  const { info } = subject
  const inside = [ownParts(info), ...nodeParts(info), ...libraryParts(info), ...packageParts(info)]
  return { program: programOf(subject), inside }
}

/** `name`, or that of the first entry if package.json has none. */
export function programName({ program, entries }: BuildInfo): string {
  return program.name ?? entries[0]?.name ?? 'program'
}

/** A UUID that is the same for the same executable (RFC 9562, version 8). */
export function sbomUuid({ sha256 }: SbomSubject): string {
  const variant = ((Number.parseInt(sha256[16]!, 16) & 3) | 8).toString(16)
  const hex = `${sha256.slice(0, 12)}8${sha256.slice(13, 16)}${variant}${sha256.slice(17, 32)}`
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function programOf({ info, sha256, size }: SbomSubject): SbomComponent {
  const { program, target, vcs } = info
  return {
    ref: 'program',
    kind: 'application',
    name: programName(info),
    version: program.version,
    license: program.license,
    hash: { algorithm: 'SHA-256', value: sha256 },
    needs: ['ingot', 'node', ...program.dependencies.map(packageRef), ...nativeByPackage(info)(undefined)],
    properties: {
      size: String(size),
      target,
      'module-graph': info.moduleGraph,
      config: info.config,
      ...(vcs && { commit: vcs.commit, dirty: String(vcs.dirty) }),
    },
  }
}

function ownParts({ ingot }: BuildInfo): SbomComponent {
  return {
    ref: 'ingot',
    kind: 'library',
    name: 'ingot',
    version: ingot,
    purl: `pkg:npm/ingot@${ingot}`,
    license: 'MIT',
    needs: [],
    properties: {},
  }
}

/** CPE vendor and product of what node is made of, where the National Vulnerability Database has them. */
const CPES: Readonly<Record<string, string>> = {
  node: 'nodejs:node.js',
  brotli: 'google:brotli',
  nghttp2: 'nghttp2:nghttp2',
  openssl: 'openssl:openssl',
  sqlite: 'sqlite:sqlite',
  undici: 'nodejs:undici',
  uv: 'libuv:libuv',
  zlib: 'zlib:zlib',
  zstd: 'facebook:zstandard',
}
/** Of `process.versions`, what is no software. */
const NO_SOFTWARE = new Set(['node', 'modules', 'napi', 'unicode'])
const NAMES: Readonly<Record<string, string>> = { ares: 'c-ares', uv: 'libuv' }
const NPM_PARTS = new Set(['acorn', 'amaro', 'undici'])

function nodeParts({ runtime, libraries }: BuildInfo): SbomComponent[] {
  const parts = Object.entries(runtime.components)
    .filter(([name, version]) => !NO_SOFTWARE.has(name) && version !== '')
    .map(([name, version]): SbomComponent => {
      return {
        ref: `node/${name}`,
        kind: 'library',
        name: NAMES[name] ?? name,
        version,
        purl: NPM_PARTS.has(name) ? `pkg:npm/${name}@${version}` : undefined,
        cpe: cpeOf(name, version),
        needs: [],
        properties: name === 'icu' && runtime.icu ? { locales: runtime.icu.join() } : {},
      }
    })
  const node: SbomComponent = {
    ref: 'node',
    kind: 'platform',
    name: 'node',
    version: runtime.version,
    purl: runtime.origin.startsWith('npm:')
      ? `pkg:npm/${runtime.origin.slice('npm:'.length)}`
      : `pkg:generic/node@${runtime.version}`,
    cpe: cpeOf('node', runtime.version),
    license: 'MIT',
    hash: { algorithm: 'SHA-256', value: runtime.sha256 },
    needs: [...parts.map(({ ref }) => ref), ...libraryRefs(libraries)],
    properties: { origin: runtime.origin },
  }
  return [node, ...parts]
}

function cpeOf(name: string, version: string): string | undefined {
  const product = CPES[name]
  const number = /^\d+(?:\.\d+)*/.exec(version)?.[0]
  return product === undefined || number === undefined
    ? undefined
    : `cpe:2.3:a:${product}:${number}:*:*:*:*:*:*:*`
}

function libraryRefs({ packages, files }: BuildInfo['libraries']): string[] {
  return packages.length > 0
    ? packages.map(({ name }) => `debian/${name}`)
    : files.map(({ name }) => `library/${name}`)
}

const GCC_LICENSE = 'GPL-3.0-or-later WITH GCC-exception-3.1'

function libraryParts({ libraries }: BuildInfo): SbomComponent[] {
  const { packages, files } = libraries
  // Libraries of the machine that built: all that is known is their bytes.
  if (packages.length === 0) {
    return files.map(({ name, sha256 }) => ({
      ref: `library/${name}`,
      kind: 'file',
      name,
      hash: { algorithm: 'SHA-256', value: sha256 },
      needs: [],
      properties: {},
    }))
  }
  return packages.map(({ name, version }) => ({
    ref: `debian/${name}`,
    kind: 'library',
    name,
    version,
    purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=amd64&distro=debian-12`,
    license: name === 'libc6' ? 'LGPL-2.1-or-later' : GCC_LICENSE,
    needs: [],
    properties: {},
  }))
}

function packageParts(info: BuildInfo): SbomComponent[] {
  const nativeIn = nativeByPackage(info)
  const cryptoOf = new Map(info.crypto.map((one) => [one.package, one.kind]))
  const packages = info.packages.map((one): SbomComponent => {
    const crypto = cryptoOf.get(one.path)
    return {
      ref: packageRef(one.path),
      kind: 'library',
      name: one.name,
      version: one.version,
      purl: purlOf(one),
      license: one.license,
      hash: hashOf(one.integrity),
      homepage: one.homepage,
      repository: one.repository,
      needs: [...one.dependencies.map(packageRef), ...nativeIn(one.path)],
      properties: { path: one.path, size: String(one.size), ...(crypto && { crypto }) },
    }
  })
  const native = info.native.map(({ path, sha256, size, needs, versions }): SbomComponent => ({
    ref: fileRef(path),
    kind: 'file',
    name: path,
    hash: { algorithm: 'SHA-256', value: sha256 },
    needs: [],
    properties: {
      size: String(size),
      libraries: needs.join(' '),
      'symbol-versions': versions.join(' '),
    },
  }))
  return [...packages, ...native]
}

function packageRef(path: string): string {
  return `package/${path}`
}

function fileRef(path: string): string {
  return `file/${path}`
}

/** Refs of the native code, by the path of the package that it is in, or undefined. */
function nativeByPackage({ packages, native }: BuildInfo): (path: string | undefined) => string[] {
  const owner = ownerFinder(packages)
  const files = Map.groupBy(native, ({ path }) => owner(path)?.path)
  return (path) => (files.get(path) ?? []).map((file) => fileRef(file.path))
}

/** One of a workspace has never been on a registry. */
function purlOf({ name, version, path }: PackageInfo): string | undefined {
  if (!path.includes('node_modules/')) return undefined
  return `pkg:npm/${name.split('/').map(encodeURIComponent).join('/')}@${encodeURIComponent(version)}`
}

/** Subresource Integrity, of which the strongest is used: https://www.w3.org/TR/SRI */
function hashOf(integrity: string | undefined): SbomComponent['hash'] {
  for (const [prefix, algorithm] of [
    ['sha512', 'SHA-512'],
    ['sha256', 'SHA-256'],
  ] as const) {
    const found = integrity?.split(/\s+/).find((one) => one.startsWith(`${prefix}-`))
    if (found === undefined) continue
    return { algorithm, value: Buffer.from(found.slice(prefix.length + 1), 'base64').toString('hex') }
  }
  return undefined
}
