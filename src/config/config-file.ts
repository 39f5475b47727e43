// ingot.config.ts and its siblings, loaded by Node itself: what runs in the configuration is exactly
// what runs anywhere else, and there is no second compiler to keep in step.

import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { BuildError, type Diagnostic, type Place } from '../base/diagnostics.ts'
import type { Inputs } from '../base/inputs.ts'
import { isOwn, recordInputs } from './config-inputs.ts'
import { kindOf } from './files.ts'

export const CONFIG_NAMES = ['ingot.config.ts', 'ingot.config.mts', 'ingot.config.js', 'ingot.config.mjs']

/** The configuration file of a directory, if it has one. */
export function findConfigFile(dir: string, diagnostics: Diagnostic[]): string | undefined {
  const [first, ...others] = CONFIG_NAMES.map((name) => join(dir, name)).filter(
    (file) => kindOf(file) === 'file',
  )
  if (first !== undefined && others.length > 0) {
    const ignored = others.map((file) => basename(file)).join(', ')
    diagnostics.push({
      severity: 'warning',
      code: 'CONFIG_SEVERAL_FILES',
      message: `${ignored} beside it is not read`,
      at: { file: first },
      help: 'Keep one configuration file, or choose with --config.',
    })
  }
  return first
}

export interface LoadedConfig {
  /** The default export. */
  readonly value: unknown
  readonly inputs: Inputs
}

/** Node never forgets a module: under its plain URL an edited file would not be read again, nor seen to be loaded. */
let loads = 0

export async function loadConfigFile(file: string): Promise<LoadedConfig> {
  const load = String(++loads)
  const url = anew(pathToFileURL(file).href, load)
  // In a package without "type" Node would find the format by trial, and print a warning about it.
  const recorder = recordInputs()
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context)
      recorder.imported(resolved.url, context.parentURL)
      return isSource(resolved.url) ? { ...resolved, url: anew(resolved.url, load) } : resolved
    },
    load(loaded, context, next) {
      const isConfig = loaded === url && file.endsWith('.ts')
      return next(loaded, isConfig ? { ...context, format: 'module-typescript' } : context)
    },
  })
  let module: { default?: unknown }
  try {
    module = await recorder.watchVariables(() => import(url))
  } catch (cause) {
    throw new BuildError('CONFIG_LOAD', messageOf(cause), {
      at: placeOf(cause, file),
      ...helpFor(cause),
      cause,
    })
  } finally {
    hooks.deregister()
  }
  if (module.default !== undefined) return { value: module.default, inputs: recorder.inputs() }
  throw new BuildError('CONFIG_LOAD', 'the configuration has no default export', {
    at: { file },
    help: 'Write: export default defineConfig({ … })',
  })
}

/** Modules of the project, in contrast to packages. */
function isSource(url: string): boolean {
  return url.startsWith('file:') && !url.includes('/node_modules/') && !isOwn(url)
}

function anew(url: string, load: string): string {
  const changed = new URL(url)
  changed.searchParams.set('load', load)
  return changed.href
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : `it threw ${String(cause)}`
}

function helpFor(cause: unknown): { help?: string } {
  const message = messageOf(cause)
  if (message.includes("'ingot'")) {
    return { help: 'Run "npm install --save-dev ingot", or export a plain object instead.' }
  }
  if (message.includes('strip-only mode')) {
    return {
      help: 'Node only strips types: avoid enums, namespaces and parameter properties here.',
    }
  }
  return {}
}

/** Node says where a module failed in four different ways, depending on how far it came. */
function placeOf(cause: unknown, file: string): Place {
  const { message = '', stack = '' } = cause instanceof Error ? cause : {}
  return (
    decoratedPlace(stack) ?? framePlace(stack) ?? importPlace(message) ?? syntaxPlace(cause, file) ?? { file }
  )
}

/** `file:///a.ts?x:3`, source lines, `    ^`: it was parsed or linked. */
function decoratedPlace(stack: string): Place | undefined {
  const [head = '', ...rest] = stack.split('\n')
  const found = /^((?:file:\/\/)?\/.*?)(?:\?.*)?:(\d+)$/.exec(head)
  if (found === null) return undefined
  const caret = rest.find((line) => /^ *\^+ *$/.test(line))
  const place = { file: pathOf(found[1]!), line: Number(found[2]) }
  return caret === undefined ? place : { ...place, column: caret.indexOf('^') + 1 }
}

/** `at f (file:///a.ts?x:3:7)`: it was running. This module's own frame, the import(), is not the culprit. */
function framePlace(stack: string): Place | undefined {
  const frames = stack.matchAll(/(?<=[ (])((?:file:\/\/)?\/[^\n()]*?)(?:\?\S*?)?:(\d+):(\d+)\)?$/gm)
  const [, path = '', line, column] = frames.next().value ?? []
  const file = pathOf(path)
  return path === '' || file === import.meta.filename
    ? undefined
    : { file, line: Number(line), column: Number(column) }
}

/** `Cannot find package 'x' imported from /a.ts`: it was resolving. */
function importPlace(message: string): Place | undefined {
  const [, specifier = '', file = ''] = /'(.+)' imported from (.+)$/.exec(message) ?? []
  if (kindOf(file) !== 'file') return undefined
  const lines = readFileSync(file, 'utf8').split('\n')
  const index = lines.findIndex((line) => /['"]/.test(line) && line.includes(basename(specifier)))
  return index === -1 ? { file } : { file, line: index + 1, column: lines[index]!.search(/['"]/) + 1 }
}

/** Nothing: V8 refused plain JavaScript. Node's TypeScript parser refuses it too, and says where. */
function syntaxPlace(cause: unknown, file: string): Place | undefined {
  if (!(cause instanceof SyntaxError)) return undefined
  try {
    stripTypeScriptTypes(readFileSync(file, 'utf8'), { sourceUrl: file })
    return undefined
  } catch (error) {
    return decoratedPlace((error as Error).stack ?? '')
  }
}

function pathOf(pathOrUrl: string): string {
  return pathOrUrl.startsWith('file:') ? fileURLToPath(pathOrUrl) : pathOrUrl
}
