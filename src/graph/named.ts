// String literals that lead somewhere although nothing imports them: whoever computes what is loaded takes the
// names from there.

import type { Package } from './packages.ts'
import { escapeRegExp } from './patterns.ts'
import { packageNameOf } from './resolve.ts'
import type { Scan } from './scan.ts'

/** A module that computes what it imports mostly takes it from literals nearby. */
export function namedFiles({ computed, references, names }: Scan): string[] {
  const isComputing = computed.length > 0 || references.some(({ isGuess }) => isGuess)
  return isComputing ? [...names].filter((name) => /^\.{1,2}\//.test(name)) : []
}

/** Transports, dialects, presets: packages that the program names in a string and a library loads. */
export function namedDependencies({ references, names }: Scan, owner: Package | undefined): string[] {
  const { dependencies = {}, optionalDependencies = {} } = owner?.json ?? {}
  return Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => {
    const isImported = references.some(
      ({ specifier, isGuess }) => !isGuess && packageNameOf(specifier) === name,
    )
    return !isImported && [...names].some((text) => text === name || text.startsWith(`${name}/`))
  })
}

/** What a project has for a tool, by the name of the tool or its scope: `textlint-rule-x`, `@scope/prettier-plugin-y`. */
export function pluginsOf(tool: Package | undefined, { json }: Package): string[] {
  const words = (name: string) =>
    ` ${name
      .split(/[-/@]+/)
      .join(' ')
      .trim()} `
  const name = tool?.json.name ?? ''
  const kind = words(name.replace(/\/.*/, ''))
  const installed = Object.keys({ ...json.dependencies, ...json.devDependencies })
  return installed.filter((other) => other !== name && words(other).includes(kind))
}

/** Configurations, plugins, dictionaries: what packages have as dependencies to be found by name. */
export class Mentions {
  /** By directory of the package. */
  readonly #packages = new Map<string, PackageMentions>()

  /** @param references of a module; a file that is none has none */
  look(owner: Package, file: string, text: string, references: Scan['references'] = []): void {
    const known = this.#packages.get(owner.directory)
    const mentions = known ?? new PackageMentions(owner)
    if (!known) this.#packages.set(owner.directory, mentions)
    mentions.look(file, text, references)
  }

  /** Those that no module of the package imports: for others it is the import that counts. */
  named(): { readonly name: string; readonly owner: Package; readonly file: string }[] {
    return [...this.#packages.values()].flatMap((mentions) => mentions.named())
  }
}

class PackageMentions {
  readonly #owner: Package
  readonly #pattern: RegExp | undefined
  /** By name, the file of the package that mentions it first. */
  readonly #mentions = new Map<string, string>()
  readonly #imported = new Set<string>()

  constructor(owner: Package) {
    this.#owner = owner
    const { dependencies = {}, optionalDependencies = {} } = owner.json
    const names = Object.keys({ ...dependencies, ...optionalDependencies })
    const either = names.map(escapeRegExp).join('|')
    if (either) this.#pattern = new RegExp(`(?<=["'\`])(?:${either})(?=["'\`/])`, 'g')
  }

  look(file: string, text: string, references: Scan['references']): void {
    if (!this.#pattern) return
    for (const { specifier } of references) this.#imported.add(packageNameOf(specifier) ?? specifier)
    for (const [name] of text.matchAll(this.#pattern))
      if (!this.#mentions.has(name)) this.#mentions.set(name, file)
  }

  named() {
    const unknown = [...this.#mentions].filter(([name]) => !this.#imported.has(name))
    return unknown.map(([name, file]) => ({ name, owner: this.#owner, file }))
  }
}
