// What a package says of its licence: an SPDX expression in package.json, and texts beside it.

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** `license`, and what was written before there was one. */
export interface LicenseFields {
  readonly license?: string | { readonly type?: string }
  readonly licenses?: readonly (string | { readonly type?: string })[]
}

export function licenseOf({ license, licenses }: LicenseFields): string | undefined {
  if (license !== undefined) return nameOf(license)
  const names = Array.isArray(licenses) ? licenses.map(nameOf).filter((name) => name !== undefined) : []
  return names.length > 1 ? `(${names.join(' OR ')})` : names[0]
}

function nameOf(license: string | { readonly type?: string } | null): string | undefined {
  const name = typeof license === 'object' ? license?.type : license
  return typeof name === 'string' && name !== '' ? name : undefined
}

const NOTICE =
  /^(?:licen[cs]es?|un-?licen[cs]e|copying|copyright|notices?|patents|third[-_ ]?party.*)(?:$|[-._ ])/i
/** `license.js` is a module. */
const NO_TEXT = /\.(?:[cm]?[jt]sx?|json|map|node|wasm|html?)$/i

/** The texts in a package's own directory, or in one that is called after them (reuse.software). */
export function noticesIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter(({ name }) => NOTICE.test(name) && !NO_TEXT.test(name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.join(directory, entry.name)
      if (entry.isFile()) return [textOf(file)]
      return entry.isDirectory() ? textsIn(file) : []
    })
    .filter((text) => text !== '')
}

function textsIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !NO_TEXT.test(entry.name))
    .map(({ name }) => name)
    .toSorted()
    .map((name) => textOf(path.join(directory, name)))
}

function textOf(file: string): string {
  return readFileSync(file, 'utf8').replaceAll('\r\n', '\n').trim()
}
