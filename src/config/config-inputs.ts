// What a configuration depends on. It is a program: the modules that it loads and the variables that it asks for
// are seen; one that can read files or start processes might read anything.

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Inputs } from '../base/inputs.ts'

interface InputRecorder {
  /** A module is going to be loaded. */
  imported(url: string, parent: string | undefined): void
  /** Runs something, with an eye on process.env. */
  watchVariables<T>(run: () => Promise<T>): Promise<T>
  inputs(): Inputs
}

/** Of node's own modules, those with which nothing outside can be looked at. */
const HARMLESS = new Set(['node:path', 'node:url', 'node:util', 'node:assert', 'node:assert/strict'])

/** `import { defineConfig } from 'ingot'` brings the rest of Ingot along. */
export function isOwn(url: string): boolean {
  return url.includes('/node_modules/ingot/') || url.startsWith(new URL('..', import.meta.url).href)
}

export function recordInputs(): InputRecorder {
  const files = new Set<string>()
  const variables: Record<string, string | undefined> = {}
  let incomplete: string | undefined
  return {
    imported(url, parent = '') {
      if (url.startsWith('file:')) files.add(fileURLToPath(url))
      else if (!HARMLESS.has(url) && !isOwn(parent)) incomplete ??= `the configuration uses ${url}`
    },
    async watchVariables(run) {
      const { env } = process
      process.env = new Proxy(env, {
        get(target, name) {
          if (typeof name === 'string') variables[name] = target[name]
          return Reflect.get(target, name)
        },
        has(target, name) {
          if (typeof name === 'string') variables[name] = target[name]
          return Reflect.has(target, name)
        },
        ownKeys(target) {
          incomplete ??= 'the configuration looks at the whole environment'
          return Reflect.ownKeys(target)
        },
      })
      try {
        return await run()
      } finally {
        process.env = env
      }
    },
    inputs: () => ({
      files: [...files].flatMap((file) => [
        file,
        ...above(file, 'package.json'),
        ...above(file, 'node_modules'),
      ]),
      listings: [...new Set([...files].map((file) => dirname(file)))].map((directory) => ({
        directory,
        names: 'modules',
      })),
      variables,
      ...(incomplete !== undefined && { incomplete }),
    }),
  }
}

/** That name in a file's directory and in every one above. */
export function above(file: string, name: string): string[] {
  const directory = dirname(file)
  return directory === file ? [] : [join(directory, name), ...above(directory, name)]
}
