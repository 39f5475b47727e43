// What an executable says of itself: stored in its archive as compressed JSON, read by `ingot inspect` without
// running it, and by the program with `buildInfo` of ingot/runtime. Sizes in bytes, hashes as hex unless they are called
// integrity. It has no time and no absolute path of the machine that built, so the same inputs give the same bytes.

import type { Contract } from './contract.ts'

export interface BuildInfo {
  /** Of this format: a reader refuses a larger one. */
  readonly version: 1
  /** Ingot's own version. */
  readonly ingot: string
  readonly target: string
  /** The program's package.json, as far as it says so. */
  readonly program: {
    readonly name: string | undefined
    readonly version: string | undefined
    readonly license: string | undefined
    /** A URL. */
    readonly repository: string | undefined
    /** Paths of packages of `packages` that it asks for itself. */
    readonly dependencies: readonly string[]
  }
  /** Paths in the archive. */
  readonly entries: readonly { readonly name: string; readonly path: string }[]
  readonly runtime: {
    /** Of node. */
    readonly version: string
    readonly origin: string
    /** SHA-256 of the node executable. */
    readonly sha256: string
    /** What node is made of and says so itself: `process.versions`. */
    readonly components: Readonly<Record<string, string>>
    /** Locales that ICU has data of, with those that they fall back to; absent: all. */
    readonly icu?: readonly string[]
    /** What of node is not inside, as an executable without native code and code from the disk has no use for it. */
    readonly leftOut?: readonly string[]
  }
  readonly libraries: {
    readonly origin: string
    readonly packages: readonly { readonly name: string; readonly version: string }[]
    /** By SONAME; `ld-linux-x86-64.so.2` too. */
    readonly files: readonly { readonly name: string; readonly sha256: string }[]
  }
  /** Packages of which something is inside, by path. */
  readonly packages: readonly PackageInfo[]
  /** Packages that were left out on request. */
  readonly external: readonly string[]
  /** Modules whose code is in another file of the archive; sizes are of their sources. */
  readonly bundled: readonly { readonly path: string; readonly size: number }[]
  readonly native: readonly NativeInfo[]
  readonly crypto: readonly CryptoInfo[]
  /** Absent outside of a repository, and in builds that are not for shipping. */
  readonly vcs?: { readonly commit: string; readonly dirty: boolean }
  readonly contract: Contract | undefined
  /** SHA-256 of the module graph. */
  readonly moduleGraph: string
  /** SHA-256 of the configuration that the build went by, without paths of the machine. */
  readonly config: string
  readonly reproducible: {
    /** Why other machines may get other bytes; empty: they get the same. */
    readonly unless: readonly string[]
  }
}

/** One of `unless`, of a program that may be frozen when it has been packed; a file that starts cold has nothing of it. */
export const FROZEN_DIFFERS = 'the frozen process differs from build to build (build with --start cold)'

export interface PackageInfo {
  readonly name: string
  readonly version: string
  /** Directory in the archive's namespace: `node_modules/a/node_modules/b`. */
  readonly path: string
  readonly license: string | undefined
  /** As in the project's lockfile (Subresource Integrity), if there is one. */
  readonly integrity: string | undefined
  readonly homepage: string | undefined
  readonly repository: string | undefined
  /** Of its files as they are inside, bundled or not. */
  readonly size: number
  /** Paths of packages of this list that it asks for. */
  readonly dependencies: readonly string[]
  /** Licence and notice texts that come with it. */
  readonly notices: readonly string[]
}

/** Cryptography inside: code that computes it, as opposed to code that asks node for it. */
export interface CryptoInfo {
  readonly name: string
  readonly version: string
  /** Path of the package that brings it; undefined: node itself. */
  readonly package: string | undefined
  readonly kind: 'native' | 'wasm' | 'pure'
}

/** An addon, a shared library or a helper executable inside. */
export interface NativeInfo {
  readonly path: string
  readonly package: string
  readonly sha256: string
  readonly size: number
  /** SONAMEs that it links to. */
  readonly needs: readonly string[]
  /** Symbol versions that it needs of the system's libraries, as `GLIBC_2.34`. */
  readonly versions: readonly string[]
  /** Paths from the program to the file. */
  readonly chain: readonly string[]
}

/** Where the libraries of a target come from that has none inside. */
export const OF_SYSTEM = 'the system'
