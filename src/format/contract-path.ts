// Paths of a contract's `files`: absolute, relative to where the program is started, or below the value of a variable,
// which may be a file URL.

import path from 'node:path'

import { variableIn } from './contract-address.ts'

/**
 * What a path of a contract stands for in one start; undefined: its variable is not set, and need not be.
 * @param directory where relative ones begin
 */
export type PlaceInStart = (
  directory: () => string,
  textOf: (name: string) => string | undefined,
) => string | undefined

/** What the text says by itself is found out now: a start has little time. */
export function placeOf(text: string): PlaceInStart {
  const variable = variableIn(text)
  if (!variable) {
    const file = path.isAbsolute(text) ? path.resolve(text) : undefined
    return (directory) => file ?? path.resolve(directory(), text)
  }
  const { name, rest } = variable
  return (directory, textOf) => {
    const value = textOf(name)
    if (value === undefined) return undefined
    const file = plainPath(value) + rest
    return path.isAbsolute(file) ? path.resolve(file) : path.resolve(directory(), file)
  }
}

function plainPath(text: string): string {
  return text.startsWith('file://') ? decodeURIComponent(new URL(text).pathname) : text
}

export function pathOf(
  text: string,
  directory: string,
  textOf: (name: string) => string | undefined,
): string | undefined {
  return placeOf(text)(() => directory, textOf)
}
