// The one description of a build that all later stages read. `resolveConfig` makes it from
// flags, ingot.config.ts and package.json; nothing after this stage looks at any of those.
// This is the type file of the stage: it has no code, so every stage may import it.

import type { Target } from '../base/targets.ts'
import type { Fuse } from '../format/fuses.ts'
import type { Contract, VariableRule, VariableType } from '../format/contract.ts'

export type { Contract, Target, VariableRule }

/** What a user writes in ingot.config.ts or under "ingot" in package.json. Paths are relative to that file. */
export interface UserConfig {
  /** Entry module, or several: `{ name: path }` makes one executable that chooses by argv[0] or first argument. */
  entry?: string | Record<string, string>
  /** Path of the executable. */
  out?: string
  /** Replacements of identifiers and member expressions, as `{ 'process.env.NODE_ENV': '"production"' }`. */
  define?: Record<string, string>
  /** Globs (or files, or directories) of files to embed beside what tracing finds. */
  include?: string[]
  /** Packages that are neither bundled nor embedded; the program must be able to do without them. */
  external?: string[]
  /** Native code: all of it, none, or only that of these packages. Default: "allow". */
  native?: 'allow' | 'deny' | string[]
  /** Whether the program may load modules and addons that are not in the executable (plugins); `allow` by default. */
  codeFromDisk?: 'allow' | 'deny'
  /**
   * What the environment may do to the executable; `ingot fuse` changes it later. All are closed but `codeFromDisk`,
   * which is the same as the key, `coreDumps` and `coldStart`.
   */
  fuses?: Partial<Record<Fuse, boolean>>
  /** Bundle ES modules, or run all as files. By default bundling has to be worth it: many modules, or `minify`. */
  bundle?: boolean
  /** Minify what is bundled. */
  minify?: boolean
  sourcemap?: boolean
  /** Type-check with TypeScript before building. */
  check?: boolean
  /** `node@26`, `node@26.10.0`, or the path of a node executable for the target; of several targets also by target. */
  runtime?: string | Partial<Record<Target, string>>
  /**
   * Locales that the program has data of: `full` (the default), one, or several, as `en` or `['de', 'pt-BR']`. A language
   * has all of its regions; American English is always there. Without the others a file for Linux is up to 28 MB smaller.
   */
  icu?: string | string[]
  /** `linux-x64` (the default), another one, several, or `all`: an executable for each. */
  target?: string | string[]
  /**
   * `frozen`: the executable goes on from where the program's process was at the build; an error if that
   * cannot be. `cold`: it boots anew at every start. Default: `auto`, frozen where possible.
   */
  start?: StartMode
  /**
   * The file is compressed, and decompressed into memory at every start: about 100 ms more, and as much memory as the
   * executable has bytes, in each process that is started from it. For linux-x64. A low `level` of zstd (1 to 22, default 22)
   * builds faster.
   */
  compress?: boolean | { level?: number }
  /**
   * What the program used when it was traced, which settles what the build cannot know; `false`: none. Default:
   * `ingot.trace.json` in the project's directory, if it is there.
   */
  trace?: string | false
  contract?: UserContract
  /** What an executable for Windows looks like. */
  windows?: UserWindows
  /** What an executable for macOS says of itself, and may do. */
  darwin?: UserDarwin
}

export interface UserWindows {
  /** An .ico file. */
  icon?: string
  /** Whether it has a console (the default), or is a program with windows. */
  subsystem?: 'console' | 'gui'
  /** Of the version information, what is to be other than package.json says: `CompanyName`, `LegalCopyright` … */
  version?: Record<string, string>
}

export interface UserDarwin {
  /** What the program is known by, as `com.example.tool`; by default its name. */
  identifier?: string
  /** An Info.plist to be inside, instead of one with name, version and identifier. */
  infoPlist?: string
  /** Names of entitlements beside those that V8 needs. */
  entitlements?: string[]
}

export type StartMode = 'auto' | 'frozen' | 'cold'

/**
 * What the program needs from the world: checked at every start before the program runs, and where types are generated
 * from. `$NAME` stands for the value of a variable that `env` declares.
 */
export interface UserContract {
  /** By name: a type, the values that it may have, or all that there is to say. */
  env?: Record<string, VariableType | string[] | UserVariable>
  /** Paths on the machine; a directory means all below it. */
  files?: { read?: string[]; write?: string[] }
  /** Ports, `host:port`, `unix:/path`, `$NAME`. */
  listen?: (string | number)[]
  /** `host:port`, a host for all of its ports, `unix:/path`, `$NAME` (its URL's host and port). */
  connect?: string[]
  /** Programs of the machine, by name or absolute path. */
  run?: string[]
  /** Default: true, and false with `enforce`. */
  workers?: boolean
  /** Native addons. Default: true, and false with `enforce`. */
  native?: boolean
  /** What a deployment gives, each by the variable that holds its URL. */
  services?: Record<string, string | { env: string; description?: string }>
  /** What is not in the contract is refused while the program runs. */
  enforce?: boolean
}

export interface UserVariable {
  /** Default: `string`, or `enum` where there are `values`. */
  type?: VariableType
  values?: string[]
  default?: string | number | boolean | object
  /** Without it the program does not start. */
  required?: boolean
  /** Never shown. */
  secret?: boolean
  description?: string
}

/**
 * The same from the command line or the API, where it wins over both files: single values replace
 * theirs, `define` and `fuses` do so key by key, `include` and `external` add to them. Paths are relative to the cwd.
 */
export interface ConfigFlags extends Omit<UserConfig, 'entry'> {
  /** Paths, of which each may be written `name=path`; or names and paths. */
  entry?: string | readonly string[] | Record<string, string>
  /** Configuration file to use instead of the one beside package.json. */
  config?: string
  /** The output's name ends in the target: it is one of several. */
  isOneOfSeveral?: boolean
  /** Instead of entries: files, directories and globs of tests, as `node --test` takes them. None means all tests. */
  tests?: readonly string[]
}

/** One program inside the executable. */
export interface EntryPoint {
  /** The name that selects it (argv[0] or the first argument) when there are several. */
  readonly name: string
  /** Absolute path of the entry module. */
  readonly file: string
}

export type RuntimeRequest =
  | { readonly kind: 'npm'; /** `26`, `26.10` or `26.10.0`. */ readonly version: string }
  | { readonly kind: 'path'; readonly file: string }

/** All paths absolute, all defaults filled in. */
export interface ResolvedConfig {
  /** Directory of the nearest package.json above the first entry, else the entry's own. */
  readonly projectDir: string
  /** At least one, except of tests. */
  readonly entries: readonly EntryPoint[]
  readonly out: string
  readonly target: Target
  readonly runtime: RuntimeRequest
  /** Locales to have data of, canonical and sorted; all without. */
  readonly icu?: readonly string[]
  readonly define: Readonly<Record<string, string>>
  /** Absolute globs. */
  readonly include: readonly string[]
  readonly external: readonly string[]
  readonly native: 'allow' | 'deny' | readonly string[]
  /** Bits of format/fuses.ts. */
  readonly fuses: number
  /** undefined: the number of modules decides. */
  readonly bundle: boolean | undefined
  readonly minify: boolean
  readonly sourcemap: boolean
  readonly check: boolean
  readonly start: StartMode
  /** Level of zstd; undefined: the file is not compressed. */
  readonly compress?: number
  readonly trace?: ProgramTrace
  readonly contract?: PlacedContract
  /** Of a target that is Windows. */
  readonly windows?: Readonly<UserWindows>
  /** Of a target that is macOS. */
  readonly darwin?: Readonly<UserDarwin>
  /** Of an executable of tests, which has no entries. */
  readonly tests?: TestFiles
}

export interface PlacedContract {
  readonly contract: Contract
  /** The configuration that has it. */
  readonly file: string
}

/** From ingot.trace.json: what the program has used of itself and its packages. It need not be there any more. */
export interface ProgramTrace {
  readonly modules: readonly {
    readonly file: string
    /** Which module asked for it first, as far as known. */
    readonly importer: string | undefined
  }[]
  /** Read in other ways, or mapped. */
  readonly files: readonly string[]
  /** On the way to them. */
  readonly links: readonly string[]
}

export interface TestFiles {
  /** Where they were looked for. Absolute. */
  readonly directory: string
  /** Relative to it, sorted. */
  readonly files: readonly string[]
  readonly patterns: readonly string[]
}
