// tsconfig.json, as far as it matters to whoever compiles nothing himself: which files a compiler reads beside a
// module, what they say, and where they map specifiers to. More than one compiler reads them, and none says which.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

/** Of one trace: nothing is read twice. */
export class CompilerOptions {
  /** What they are and may be in, there or not. */
  readonly files = new Set<string>()
  /** What they map specifiers to, up to the star. */
  readonly mappings = new Set<string>()
  readonly #above = new Map<string, string>()
  readonly #texts = new Map<string, string>()

  /** All that compilers could read for the modules of a directory, as a text to be compared. */
  of(directory: string): string {
    const known = this.#above.get(directory)
    if (known !== undefined) return known
    const above = path.dirname(directory)
    const inherited = above === directory ? '' : this.of(above)
    const own = new Set<string>()
    this.#follow(path.join(directory, 'tsconfig.json'), own)
    const said = [...own].flatMap((file) => {
      const text = this.#texts.get(file)
      return text === undefined ? [] : [`${file}\n${text}`]
    })
    const all = [inherited, ...said].join('\n')
    this.#above.set(directory, all)
    return all
  }

  #follow(file: string, found: Set<string>): void {
    if (found.has(file)) return
    found.add(file)
    this.files.add(file)
    const text = this.#texts.get(file) ?? textOf(file)
    if (text === undefined) return
    this.#texts.set(file, text)
    const { extends: bases = [], references = [], compilerOptions = {} } = parse(text)
    const named = [bases].flat().map((base) => placesOf(base, file))
    const referred = references.map((reference) => placesAt(path.resolve(path.dirname(file), reference.path)))
    for (const other of [...named, ...referred].flat()) this.#follow(other, found)
    const { baseUrl = '.', paths = {} } = compilerOptions
    const targets = compilerOptions.baseUrl === undefined ? [] : ['']
    for (const target of [...Object.values(paths).flat(), ...targets]) {
      this.mappings.add(path.join(path.dirname(file), baseUrl, target.split('*')[0]!, '/'))
    }
  }
}

interface Options {
  readonly extends?: string | readonly string[]
  readonly references?: readonly { readonly path: string }[]
  readonly compilerOptions?: {
    readonly baseUrl?: string
    readonly paths?: Readonly<Record<string, readonly string[]>>
  }
}

/** JSON with comments and commas too many. What cannot be read here, the compiler will complain about. */
function parse(text: string): Options {
  const json = text
    .replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[^]*?\*\//g, '$1')
    .replace(/("(?:[^"\\]|\\.)*")|,(?=\s*[\]}])/g, '$1')
  try {
    return (JSON.parse(json) ?? {}) as Options
  } catch {
    return {}
  }
}

/** Every place that `extends` can mean. */
function placesOf(name: string, from: string): string[] {
  if (/^\.{0,2}(?:\/|$)/.test(name)) return placesAt(path.resolve(path.dirname(from), name))
  const require = createRequire(from)
  return [name, `${name}.json`, `${name}/tsconfig.json`].flatMap((request) => {
    try {
      return [require.resolve(request)]
    } catch {
      return []
    }
  })
}

function placesAt(file: string): string[] {
  return [file, `${file}.json`, path.join(file, 'tsconfig.json')]
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
