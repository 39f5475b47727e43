// What goes into a build and what comes out of it, as the command line, the public API and
// build.ts all see it. Types only: it joins both ends of the pipeline without tying them together.

import type { ConfigFlags } from '../config/config.ts'
import type { Diagnostic } from './diagnostics.ts'
import type { Target } from './targets.ts'

export type Stage = 'config' | 'graph' | 'runtime' | 'payload' | 'image' | 'output' | 'check' | 'again'

/** Stages may overlap; a second `start` of a running stage only brings a newer `detail`. */
export interface StageEvent {
  readonly stage: Stage
  readonly state: 'start' | 'done'
  readonly elapsedMs?: number
  readonly detail?: string
  /** Of one of several builds. */
  readonly target?: Target
}

export interface BuildOptions extends ConfigFlags {
  /** Relative paths in the options start here; the process's own directory by default. */
  readonly cwd?: string
  readonly signal?: AbortSignal
  /** PEM file of an Ed25519 private key: the executable is signed with it. */
  readonly sign?: string
  readonly onStage?: (event: StageEvent) => void
}

/** Sizes in bytes. */
export interface BuildResult {
  /** Absolute path of the executable. */
  readonly out: string
  readonly size: number
  /** Of the file, with `compress`; `size` is that of what it decompresses into memory then. */
  readonly compressedSize?: number
  readonly elapsedMs: number
  /** The executable was there, and nothing that it was built from is different. */
  readonly isUpToDate?: boolean
  readonly target: Target
  /** SHA-256 of the module graph, hex: the same for the same sources, bundled or not, in any directory. */
  readonly moduleGraph: string
  readonly runtime: { readonly version: string; readonly origin: string }
  readonly libraries: { readonly origin: string; readonly reproducible: boolean }
  readonly parts: BuildParts
  readonly modules: {
    readonly bundled: number
    readonly files: number
    readonly assets: number
    /** Packages that were left out. */
    readonly external: readonly string[]
  }
  /** Addons, shared libraries and helper executables inside. */
  readonly native: readonly {
    readonly path: string
    readonly package: string
    readonly sha256: string
    readonly size: number
    /** SONAMEs it links to. */
    readonly needs: readonly string[]
    /** Symbol versions that it needs of them. */
    readonly versions: readonly string[]
    /** What leads to it, the program first. */
    readonly chain: readonly string[]
  }[]
  readonly start: StartResult
  /** Of `--verify-reproducible`. */
  readonly reproduction?: Reproduction
  readonly diagnostics: readonly Diagnostic[]
}

/** How the executable starts. A frozen one starts cold where the world is not as it was at the build. */
export type StartResult =
  | {
      readonly kind: 'cold'
      /** Why it is not frozen, if that was not asked for. */ readonly reason: string | undefined
    }
  | ({
      readonly kind: 'frozen'
      /** Size of the frozen process in the file. */
      readonly bytes: number
    } & FrozenFacts)

export interface FrozenFacts {
  /** What the program was about to do when it was frozen. */
  readonly barrier: string
  /** Whose code that was: a path in the executable. */
  readonly module: string | undefined
  /** Environment variables that were asked for: a start that has one of them is cold. */
  readonly variables: readonly string[]
  /** Arguments that were asked for: a start that has one of them is cold. */
  readonly arguments: readonly string[]
  /** Paths of the machine at which there is nothing. */
  readonly paths: readonly string[]
  /** What the process consists of. */
  readonly captured: {
    readonly threads: number
    /** Numbers that have to be free in a start. */
    readonly descriptors: readonly number[]
    readonly mappings: number
    /** The processor has to have them, as /proc/cpuinfo names them. */
    readonly cpuFeatures: readonly string[]
  }
}

/** A second build, in another place and environment, has given the same bytes. */
export interface Reproduction {
  /** Of the executable; if it is frozen, of the same program with `--start cold`. */
  readonly sha256: string
  readonly size: number
  /** A frozen process is another one in each build: it was not compared. */
  readonly frozenLeftOut: boolean
  /** Why other machines, or later builds, may get other bytes all the same. */
  readonly unless: readonly string[]
}

export interface BuildParts {
  readonly runtime: number
  readonly libraries: number
  readonly code: number
  readonly codeCache: number
  readonly assets: number
  readonly index: number
  /** What the executable says of itself (`ingot inspect`). */
  readonly info: number
}
