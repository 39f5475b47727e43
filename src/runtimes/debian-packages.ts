// The pinned packages of Debian 12, and every file of them that an executable carries.
//
// The version of libc6 is part of the launcher's contract (it patches this very ld.so), so it
// changes together with the launcher. To update: `apt-get download <name>=<version>`, then
// `sha256sum` of the package and of the files below, unpacked with `dpkg-deb -x`; for arm64 with
// `-o APT::Architecture=arm64` and lists of its own.

import type { LinuxTarget } from '../base/targets.ts'

export interface PinnedFile {
  /** Path in the package, and on a host that has the package installed. */
  readonly path: string
  /** SONAME, or the path that a licence text has in our cache entry. */
  readonly name: string
  readonly sha256: string
}

export interface PinnedPackage {
  readonly name: string
  readonly version: string
  readonly architecture: Architecture
  /** Of the .deb. */
  readonly sha256: string
  readonly files: readonly PinnedFile[]
}

/** Debian's names. */
type Architecture = 'amd64' | 'arm64'

/** What a target takes from Debian. */
export interface PinnedSet {
  readonly target: LinuxTarget
  readonly architecture: Architecture
  /** Of ld.so, among the files. */
  readonly loader: string
  /** Where Debian keeps libraries of this architecture. */
  readonly multiarch: string
  /** Names the whole set in the build info: the loader is its part. */
  readonly libc: PinnedPackage
  readonly packages: readonly PinnedPackage[]
  /** Of all packages. */
  readonly files: readonly PinnedFile[]
}

export const LICENSE_PREFIX = 'licenses/'

const LIBC_VERSION = '2.36-9+deb12u14'
const GCC_VERSION = '12.2.0-14+deb12u1'

interface Hashes {
  readonly target: LinuxTarget
  readonly architecture: Architecture
  readonly triplet: string
  readonly loader: string
  /** By the name of the package. */
  readonly packages: Readonly<
    Record<'libc6' | 'libgcc-s1' | 'libstdc++6' | 'libatomic1' | 'gcc-12-base', string>
  >
  /** Of libc6, by SONAME. */
  readonly glibc: Readonly<Record<string, string>>
  readonly libgcc: string
  readonly libstdcxx: string
  readonly libatomic: string
}

function setOf({ target, architecture, triplet, loader, packages, glibc, ...gcc }: Hashes): PinnedSet {
  const multiarch = `lib/${triplet}`
  const packageOf = (
    name: keyof Hashes['packages'],
    version: string,
    files: readonly PinnedFile[],
  ): PinnedPackage => ({ name, version, architecture, sha256: packages[name], files })
  const ofGlibc = Object.entries(glibc).map(([name, sha256]) => ({
    path: `${multiarch}/${name}`,
    name,
    sha256,
  }))
  const libc = packageOf('libc6', LIBC_VERSION, [
    ...ofGlibc,
    license('libc6', '40c7e1f2118531f038ca22999bd976901254e1bc5cd1b0f0211bdd064c599987'),
  ])
  const libraries: readonly [keyof Hashes['packages'], path: string, name: string, sha256: string][] = [
    ['libgcc-s1', `${multiarch}/libgcc_s.so.1`, 'libgcc_s.so.1', gcc.libgcc],
    ['libstdc++6', `usr/${multiarch}/libstdc++.so.6.0.30`, 'libstdc++.so.6', gcc.libstdcxx],
    ['libatomic1', `usr/${multiarch}/libatomic.so.1.2.0`, 'libatomic.so.1', gcc.libatomic],
  ]
  const all = [
    libc,
    ...libraries.map(([of, path, name, sha256]) => packageOf(of, GCC_VERSION, [{ path, name, sha256 }])),
    // The three above only have a symbolic link to this one's copyright file.
    packageOf('gcc-12-base', GCC_VERSION, [
      license('gcc-12-base', 'da8191658b3452ce9caf31638ba61dab31a38c619fa39df119812e050f592fd3'),
    ]),
  ]
  const files = all.flatMap(({ files }) => files)
  return { target, architecture, loader, multiarch, libc, packages: all, files }
}

export const PINNED: Readonly<Record<LinuxTarget, PinnedSet>> = {
  'linux-x64': setOf({
    target: 'linux-x64',
    architecture: 'amd64',
    triplet: 'x86_64-linux-gnu',
    loader: 'ld-linux-x86-64.so.2',
    packages: {
      libc6: 'ba4f88f73dbc3ae9055f3c20f4523bfdbaf1ad13ff95e258924f77d20b4fbedf',
      'libgcc-s1': '3016e62cb4b7cd8038822870601f5ed131befe942774d0f745622cc77d8a88f7',
      'libstdc++6': '5cd3171216d4ab0fc911cfe9c35509bf2dd8f47761c43b7f6a4296701551a24d',
      libatomic1: 'fbd4e154a6b444229ea002cc209df099209c0adc09102e5fd21239a3d2b55e2d',
      'gcc-12-base': '1896a2aacf4ad681ff5eacc24a5b0ca4d5d9c9b9c9e4b6de5197bc1e116ea619',
    },
    glibc: {
      'ld-linux-x86-64.so.2': '02bcda52c1a5dfc236f94d9e5255b4a0e26347d8a372a5223b650e31f291ce3c',
      'libc.so.6': '6b4a45352fd0c540a9c7c718f35ce8c8e46a4e482f9d3885a910c32d1a0e1421',
      'libm.so.6': '7f2ca87f652f56b094462474b076749e90e689d0ecb9cb63c7679820b271b4e7',
      'libdl.so.2': '95d521b2c39fd0333271b6fdcdddff878ae82001a304313a837b8e728ebe3cb1',
      'libpthread.so.0': 'b93a680da8a05b939b235c1533572e7a2f6d3d8808bf70209997edc64ea5fedc',
      'librt.so.1': '41c72def458b8cfb6aab96a7dbada7454dd216d89aac65fb085eb52bead51def',
      'libutil.so.1': 'bc5d8f67c3b3c6eea14e9d9f389cd4bc6034e4db9314849d7d5a5d756df0a9ca',
      'libresolv.so.2': 'ac3924c6cdb26cdfff10fec2ab2748705c83931b39c7f6e638a2b31ae34d420b',
      'libanl.so.1': 'd9d868e705f427bbb31bdab9e7b8b65bb76642f52a445aecf2708be8f849e1a4',
      'libnss_dns.so.2': '6a6a0a97f4a88153581ce0dbf4f1e74e317156508bc50699cd2168a3189773d4',
      'libnss_files.so.2': '2981d2bd2e3082d0acc96e6150594cacac55da17b638282d5e8b0ed45b81d213',
    },
    libgcc: '2bd1552c47799ef67e701e81d4383061fd76059868e446e63560f0dd0d5ec14e',
    libstdcxx: 'e7848e32af4932840ba775169041759a2a8dd5a008af360e5c55bce506eebcf4',
    libatomic: '107ab9f7661a1c47cddfb5cd1def99ec537a50a9a537fbe38cdde1b34b8ba280',
  }),
  'linux-arm64': setOf({
    target: 'linux-arm64',
    architecture: 'arm64',
    triplet: 'aarch64-linux-gnu',
    loader: 'ld-linux-aarch64.so.1',
    packages: {
      libc6: '01f4330719fd4f65580e16ea5a0527f372fca750e8f588d26deaf09f2d3b1cf4',
      'libgcc-s1': '576926b283613db80168ddf76380a3bd877602778cf0d226caa7bfbfa71eacf3',
      'libstdc++6': '26e138c677a985775331373828a6c286c551ff397cb735d00e2383cb273d1cb2',
      libatomic1: '1693aa13ce2b30d061a519fc28b77b9bab8c8e45804ced5969d99821e1bc2159',
      'gcc-12-base': '674cf6cba6d432bd200c45fe866c1652c7a53523cc2e7a613e05bc4abf7b5440',
    },
    glibc: {
      'ld-linux-aarch64.so.1': '17538b8f9889a470c061f69a8fea8124da89627311cd16546c133a89f09056df',
      'libc.so.6': 'e4ac8ae1d81e4865e3aadedb962879cf9415903b3f2ba81ec75e9962b86ab8b0',
      'libm.so.6': '3c4cb3be0b974edf05f023f85ab15107fb5afc2687163593d0d4cf8e80c17b39',
      'libdl.so.2': 'e5e9474a683596d59cc9e13246bc83878433e53c3befbabd73e3da9ccb5fe174',
      'libpthread.so.0': '434dcd27f22fc8bf236c0c00541a1e503d302aa796c333729a2cd15a4cfe4814',
      'librt.so.1': '41d135537fba3875ebccccace6e4bb5e546941877376504b3921e663f83e42e7',
      'libutil.so.1': '99e2fedb0d4c3dee404f339a40c51e0a081f2f91560a8e08a0914de6aadfe383',
      'libresolv.so.2': '5f3769c75e5eca6ff14f2c7a22bcc8cfeeef31da9545434a281a5fdd1f66d6f0',
      'libanl.so.1': '1f74c6ccbe89da33084457b13a097aa3f9f2f7fcc825b3bed104807f8a87e665',
      'libnss_dns.so.2': '1f23a0638ddb93ea254f3344662962a33ef741dcf727295057e693067225de62',
      'libnss_files.so.2': '9428264b6eacbb8467b51d1234ef669830ef85ca93dc8edba98d200d0d7c927f',
    },
    libgcc: '046856f95f4636f1fc7c3a12bf4f3cd5634c2fc5145c3fdf7395d4f349fa69c7',
    libstdcxx: '532f3a12d7b8fef6cc7a064ea106b6c4ab2365674b73e743e4a385d4ffb6c8ab',
    libatomic: 'c90c21008853899dfa102eeaa43b703c2bf41553dd56b13aac6da2803d5884b7',
  }),
}

/** `libc6=2.36-9+deb12u14`, as apt and the lock write it: with the architecture, unless it is that of the first target. */
export function packageId({ name, version, architecture }: PinnedPackage): string {
  return `${name}${architecture === 'amd64' ? '' : `:${architecture}`}=${version}`
}

/** Of an id in the lock. */
export function architectureOfId(id: string): string {
  return /^[^=]*:(\w+)=/.exec(id)?.[1] ?? 'amd64'
}

function license(packageName: string, sha256: string): PinnedFile {
  return { path: `usr/share/doc/${packageName}/copyright`, name: `${LICENSE_PREFIX}${packageName}`, sha256 }
}
