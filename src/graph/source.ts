// A module's source as the graph sees it: its kind, its format, and places in it.

import { readFileSync } from 'node:fs'
import path from 'node:path'

import type { Place } from '../base/diagnostics.ts'

const JAVASCRIPT = /\.[cm]?jsx?$/
const TYPESCRIPT = /\.[cm]?tsx?$/
const DECLARATION = /\.d\.[cm]?ts$/

export function isTypeScript(file: string): boolean {
  return TYPESCRIPT.test(file) && !DECLARATION.test(file)
}

/** What the module loader may run. node refuses TypeScript in packages, which is there for compilers. */
export function isScript(file: string): boolean {
  return JAVASCRIPT.test(file) || (isTypeScript(file) && !isInPackage(file))
}

/** If it is imported or required: programs of packages have no extension, and are JavaScript. */
export function isProgram(file: string): boolean {
  return path.extname(file) === ''
}

export function isInPackage(file: string): boolean {
  return file.includes('/node_modules/')
}

export function readText(file: string): string {
  return textOf(readFileSync(file))
}

export function textOf(bytes: Buffer): string {
  const text = bytes.toString()
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

/** Line and column, both from 1, of an offset in UTF-16 code units. */
export function placeOf(file: string, text: string, offset: number): Place {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return { file, line, column: offset - before.lastIndexOf('\n') }
}

/** What an extension alone says; .js and .ts depend on their package. */
export function formatOfExtension(file: string): 'commonjs' | 'module' | undefined {
  switch (path.extname(file)) {
    case '.mjs':
    case '.mts':
      return 'module'
    case '.cjs':
    case '.cts':
      return 'commonjs'
    default:
      return undefined
  }
}

/** Names that CommonJS has and compilers let modules use. */
export const COMMONJS_NAMES = /\b__(?:dirname|filename)\b/

export function usesCommonJsNames(code: string): boolean {
  return COMMONJS_NAMES.test(code) && !/(?:const|let|var)\s+(?:\{[^}]*)?__(?:dirname|filename)\b/.test(code)
}
