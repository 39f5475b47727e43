// JSON.parse that always knows the place of an error. V8 names a position in some of its messages
// only: `{"a":b}` gets none, and a user with a long package.json would have to search for it.

import { BuildError, type Place } from '../base/diagnostics.ts'

export function parseJson(text: string, file: string): unknown {
  const json = text.replace(/^\ufeff/, '')
  try {
    return JSON.parse(json)
  } catch (cause) {
    const reason = (cause as SyntaxError).message.replace(
      /(?: in JSON)? at position .*|, (?:\.\.\.)?".*/s,
      '',
    )
    throw new BuildError('CONFIG_INVALID_JSON', reason, {
      at: placeOf(file, json, invalidOffset(json)),
      cause,
    })
  }
}

function placeOf(file: string, text: string, offset: number): Place {
  const before = text.slice(0, offset).split('\n')
  return { file, line: before.length, column: before.at(-1)!.length + 1 }
}

// RFC 8259, one sticky pattern per terminal.
const SPACE = /[ \t\r\n]*/y
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/** Offset of the first token that cannot stand where it does, in a text that JSON.parse has refused. */
function invalidOffset(text: string): number {
  let offset = 0
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = offset
    if (!pattern.test(text)) return false
    offset = pattern.lastIndex
    return true
  }
  const take = (character: string): boolean => {
    skip(SPACE)
    if (text[offset] !== character) return false
    offset++
    return true
  }
  const list = (item: () => boolean, close: string): boolean => {
    if (take(close)) return true
    while (item()) {
      if (take(close)) return true
      if (!take(',')) return false
    }
    return false
  }
  const member = (): boolean => skip(SPACE) && skip(STRING) && take(':') && value()
  const value = (): boolean => {
    skip(SPACE)
    if (text[offset] === '{') return take('{') && list(member, '}')
    if (text[offset] === '[') return take('[') && list(value, ']')
    return skip(STRING) || skip(SCALAR)
  }
  if (value()) skip(SPACE)
  return offset
}
