// The pinned packages of Debian 12, and every file of them that an executable carries.
//
// The version of libc6 is part of the launcher's contract (it patches this very ld.so), so it
// changes together with the launcher. To update: `apt-get download <name>=<version>`, then
// `sha256sum` of the package and of the files below, unpacked with `dpkg-deb -x`.

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
  /** Of the .deb. */
  readonly sha256: string
  readonly files: readonly PinnedFile[]
}

export const ARCHITECTURE = 'amd64'

export const LOADER = 'ld-linux-x86-64.so.2'
export const LICENSE_PREFIX = 'licenses/'

const MULTIARCH = 'lib/x86_64-linux-gnu'
const GCC_VERSION = '12.2.0-14+deb12u1'

/** Names the whole set in the build info: the loader is its part. */
export const LIBC: PinnedPackage = {
  name: 'libc6',
  version: '2.36-9+deb12u14',
  sha256: 'ba4f88f73dbc3ae9055f3c20f4523bfdbaf1ad13ff95e258924f77d20b4fbedf',
  files: [
    glibc(LOADER, '02bcda52c1a5dfc236f94d9e5255b4a0e26347d8a372a5223b650e31f291ce3c'),
    glibc('libc.so.6', '6b4a45352fd0c540a9c7c718f35ce8c8e46a4e482f9d3885a910c32d1a0e1421'),
    glibc('libm.so.6', '7f2ca87f652f56b094462474b076749e90e689d0ecb9cb63c7679820b271b4e7'),
    glibc('libdl.so.2', '95d521b2c39fd0333271b6fdcdddff878ae82001a304313a837b8e728ebe3cb1'),
    glibc('libpthread.so.0', 'b93a680da8a05b939b235c1533572e7a2f6d3d8808bf70209997edc64ea5fedc'),
    glibc('librt.so.1', '41c72def458b8cfb6aab96a7dbada7454dd216d89aac65fb085eb52bead51def'),
    glibc('libutil.so.1', 'bc5d8f67c3b3c6eea14e9d9f389cd4bc6034e4db9314849d7d5a5d756df0a9ca'),
    glibc('libresolv.so.2', 'ac3924c6cdb26cdfff10fec2ab2748705c83931b39c7f6e638a2b31ae34d420b'),
    glibc('libanl.so.1', 'd9d868e705f427bbb31bdab9e7b8b65bb76642f52a445aecf2708be8f849e1a4'),
    glibc('libnss_dns.so.2', '6a6a0a97f4a88153581ce0dbf4f1e74e317156508bc50699cd2168a3189773d4'),
    glibc('libnss_files.so.2', '2981d2bd2e3082d0acc96e6150594cacac55da17b638282d5e8b0ed45b81d213'),
    license('libc6', '40c7e1f2118531f038ca22999bd976901254e1bc5cd1b0f0211bdd064c599987'),
  ],
}

export const PINNED_PACKAGES: readonly PinnedPackage[] = [
  LIBC,
  {
    name: 'libgcc-s1',
    version: GCC_VERSION,
    sha256: '3016e62cb4b7cd8038822870601f5ed131befe942774d0f745622cc77d8a88f7',
    files: [
      {
        path: `${MULTIARCH}/libgcc_s.so.1`,
        name: 'libgcc_s.so.1',
        sha256: '2bd1552c47799ef67e701e81d4383061fd76059868e446e63560f0dd0d5ec14e',
      },
    ],
  },
  {
    name: 'libstdc++6',
    version: GCC_VERSION,
    sha256: '5cd3171216d4ab0fc911cfe9c35509bf2dd8f47761c43b7f6a4296701551a24d',
    files: [
      {
        path: `usr/${MULTIARCH}/libstdc++.so.6.0.30`,
        name: 'libstdc++.so.6',
        sha256: 'e7848e32af4932840ba775169041759a2a8dd5a008af360e5c55bce506eebcf4',
      },
    ],
  },
  {
    name: 'libatomic1',
    version: GCC_VERSION,
    sha256: 'fbd4e154a6b444229ea002cc209df099209c0adc09102e5fd21239a3d2b55e2d',
    files: [
      {
        path: `usr/${MULTIARCH}/libatomic.so.1.2.0`,
        name: 'libatomic.so.1',
        sha256: '107ab9f7661a1c47cddfb5cd1def99ec537a50a9a537fbe38cdde1b34b8ba280',
      },
    ],
  },
  {
    // The three above only have a symbolic link to this one's copyright file.
    name: 'gcc-12-base',
    version: GCC_VERSION,
    sha256: '1896a2aacf4ad681ff5eacc24a5b0ca4d5d9c9b9c9e4b6de5197bc1e116ea619',
    files: [license('gcc-12-base', 'da8191658b3452ce9caf31638ba61dab31a38c619fa39df119812e050f592fd3')],
  },
]

export const PINNED_FILES: readonly PinnedFile[] = PINNED_PACKAGES.flatMap(({ files }) => files)

/** `libc6=2.36-9+deb12u14`, as apt and the lock write it. */
export function packageId({ name, version }: PinnedPackage): string {
  return `${name}=${version}`
}

function glibc(name: string, sha256: string): PinnedFile {
  return { path: `${MULTIARCH}/${name}`, name, sha256 }
}

function license(packageName: string, sha256: string): PinnedFile {
  return { path: `usr/share/doc/${packageName}/copyright`, name: `${LICENSE_PREFIX}${packageName}`, sha256 }
}
