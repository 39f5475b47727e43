// Finds test files as `node --test` does (lib/internal/test_runner/runner.js, createTestFileList).

import { globSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { BuildError } from '../base/diagnostics.ts'
import type { TestFiles } from './config.ts'
import { kindOf } from './files.ts'

const DEFAULT = '**/{test,test/**/*,test-*,*[._-]test}.{js,mjs,cjs,ts,mts,cts}'
const MAGIC = /[*?[\]{}()!]/

export function findTests(given: readonly string[], cwd: string): TestFiles {
  const patterns = given.length === 0 ? [DEFAULT] : given.map((pattern) => withDirectory(pattern, cwd))
  const exclude = (name: string) => name === 'node_modules'
  const files = globSync(patterns, { cwd, exclude }).toSorted()
  if (files.length === 0 && given.length > 0 && !patterns.some((pattern) => MAGIC.test(pattern))) {
    throw new BuildError('TESTS_NOT_FOUND', `could not find '${given.join(', ')}'`, {
      help: 'name test files, directories or globs; without any, all tests below this directory run',
    })
  }
  return { directory: cwd, files, patterns: patterns.map((pattern) => resolve(cwd, pattern)) }
}

/** A directory stands for the tests in it. */
function withDirectory(pattern: string, cwd: string): string {
  return kindOf(resolve(cwd, pattern)) === 'directory' ? join(pattern, DEFAULT) : pattern
}
