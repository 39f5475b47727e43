// What the graph stage has found out about single files. A program that is built again and again hands the same
// memory to each trace, and what is as before is not read, parsed or compiled once more; every other build starts
// with an empty one.
//
// A result is kept with all that it was made of and is only used where that is the same, so nothing here can be out
// of date but the files' bytes: whoever keeps a memory says which of them have changed (`forget`). Bytes are read
// once in a trace, so graph and payload are of the same moment even while somebody edits.

import { hash } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import path from 'node:path'

import { NATIVE_HEADER_BYTES } from '../base/native-code.ts'
import type { Platform } from '../base/targets.ts'
import { carriedAddon } from './carried-addon.ts'
import type { CompilerOptions } from './compiler-options.ts'
import { scanModule, type RememberSyntax, type Scan } from './scan.ts'
import { textOf } from './source.ts'
import { eraseTypes, type Strip } from './transform.ts'

export class GraphMemory {
  readonly #bytes = new Remembered<Buffer>()
  readonly #texts = new Remembered<string>()
  readonly #digests = new Remembered<string>()
  readonly #scans = new Remembered<Scan>()
  readonly #scansWithImports = new Remembered<Scan>()
  readonly #erased = new Remembered<string | undefined>()
  readonly #compiled = new Remembered<string>()
  readonly #carried = new Remembered<Uint8Array | undefined>()
  readonly #syntax: RememberSyntax

  /** @param syntax of texts, longer than this memory lasts */
  constructor(syntax: RememberSyntax = (_extension, _text, parse) => parse()) {
    this.#syntax = syntax
  }

  read(file: string): Buffer {
    return this.#bytes.get(file, [], () => readFileSync(file))
  }

  /** Its first bytes, without the rest if that is not known. */
  head(file: string): Uint8Array {
    return this.#bytes.find(file, [])?.value ?? headOf(file)
  }

  text(file: string): string {
    const bytes = this.read(file)
    return this.#texts.get(file, [bytes], () => textOf(bytes))
  }

  /** SHA-256 of a module's text, hex. */
  digest(file: string, text: string): string {
    return this.#digests.get(file, [text], () => hash('sha256', text))
  }

  /**
   * @param imported what is known of other modules, as JSON
   * @throws BuildError SYNTAX_ERROR
   */
  scan(file: string, options: CompilerOptions, imported?: string): Scan {
    const text = this.text(file)
    // What JSX imports is the compiler's affair.
    const compiler = file.endsWith('x') ? options.of(path.dirname(file)) : ''
    const scans = imported === undefined ? this.#scans : this.#scansWithImports
    return scans.get(file, [text, compiler, imported], () =>
      scanModule(file, text, this.#syntax, imported === undefined ? undefined : JSON.parse(imported)),
    )
  }

  /** @throws BuildError DECORATORS_STANDARD, ACCESSOR_FIELDS */
  erase(file: string, text: string, options: CompilerOptions, strip: Strip): string | undefined {
    const from = [text, options.of(path.dirname(file))]
    return this.#erased.get(file, from, () => eraseTypes(file, text, strip))
  }

  /** @param from what the code is made of, besides the options */
  async compile(
    file: string,
    from: readonly string[],
    options: CompilerOptions,
    compile: () => Promise<string>,
  ): Promise<string> {
    const all = [...from, options.of(path.dirname(file))]
    const known = this.#compiled.find(file, all)
    const code = known ? known.value : await compile()
    return this.#compiled.get(file, all, () => code)
  }

  carriedAddon(file: string, platform: Platform): Uint8Array | undefined {
    const bytes = this.read(file)
    return this.#carried.get(file, [bytes, platform.os, platform.cpu], () => carriedAddon(bytes, platform))
  }

  /** @param changed files, and directories of which anything may have changed; undefined: all */
  forget(changed: Iterable<string> | undefined): void {
    this.#bytes.forget(changed)
  }

  /** Ends a round: what it has not asked for is not kept. */
  keepUsed(): void {
    for (const each of [
      this.#bytes,
      this.#texts,
      this.#digests,
      this.#scans,
      this.#scansWithImports,
      this.#erased,
      this.#compiled,
      this.#carried,
    ])
      each.keepUsed()
  }
}

function headOf(file: string): Uint8Array {
  const head = new Uint8Array(NATIVE_HEADER_BYTES)
  const descriptor = openSync(file, 'r')
  try {
    return head.subarray(0, readSync(descriptor, head, 0, head.length, 0))
  } finally {
    closeSync(descriptor)
  }
}

interface Result<T> {
  readonly from: readonly unknown[]
  readonly value: T
}

/** One result for each file, of this round or the last one. */
class Remembered<T> {
  #used = new Map<string, Result<T>>()
  #before = new Map<string, Result<T>>()

  find(file: string, from: readonly unknown[]): Result<T> | undefined {
    const known = this.#used.get(file) ?? this.#before.get(file)
    if (known?.from.length !== from.length) return undefined
    return known.from.every((part, i) => part === from[i]) ? known : undefined
  }

  get(file: string, from: readonly unknown[], make: () => T): T {
    const result = this.find(file, from) ?? { from, value: make() }
    this.#used.set(file, result)
    return result.value
  }

  forget(changed: Iterable<string> | undefined): void {
    for (const results of [this.#used, this.#before]) {
      if (changed === undefined) results.clear()
      else for (const file of changed) forgetBelow(results, file)
    }
  }

  keepUsed(): void {
    this.#before = this.#used
    this.#used = new Map()
  }
}

function forgetBelow(results: Map<string, unknown>, place: string): void {
  // A file has nothing below it.
  if (results.delete(place)) return
  for (const file of results.keys()) if (file.startsWith(`${place}/`)) results.delete(file)
}
