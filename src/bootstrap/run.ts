// Starts code as node starts it: the program, one of its scripts in a child, or a worker's.

import path from 'node:path'
import { pathToFileURL } from 'node:url'

import { FORMAT_MODULE } from '../format/archive.ts'
import type { Help, ScriptCommand } from './arguments.ts'
import type { Internals } from './internals.ts'
import { installOptionValues, parseOptions } from './option-values.ts'
import { HAS_LAUNCHER } from './platform.ts'
import { toArchivePath, toVirtualPath } from './vfs/paths.ts'
import type { Tree } from './vfs/tree.ts'
import { listOf, ownExecArgv, type WorkerJob } from './workers.ts'

/** Runs a main module by the format that the build has settled; files on disk as node does. */
export function runFile(internals: Internals, tree: Tree, file: string): void {
  const { runMain, cjsLoader } = internals
  // A preloaded module has put something of its own there (tracers do).
  if (cjsLoader.Module.runMain !== runMain.executeUserEntryPoint) {
    cjsLoader.Module.runMain(file)
    return
  }
  const archivePath = toArchivePath(file)
  const entry = archivePath === undefined ? undefined : tree.archive.find(archivePath)
  if (!entry || entry.format === 0) {
    runMain.executeUserEntryPoint(file)
    return
  }
  if (entry.format === FORMAT_MODULE || needsModuleLoader(internals))
    importMain(internals, pathToFileURL(file))
  else cjsLoader.wrapModuleLoad(file, null, true)
}

/** As node's shouldUseESMLoader: these are to run, and to see the main module, whatever it is. */
function needsModuleLoader({ options }: Internals): boolean {
  return ['--import', '--experimental-loader'].some(
    (name) => (options.getOptionValue(name) as unknown[]).length > 0,
  )
}

function importMain({ runMain }: Internals, url: URL | string): void {
  void runMain.runEntryPointWithESMLoader((loader) => {
    // Whatever is imported first is resolved against the working directory, which says nothing about a URL; but
    // asking for it is what no build can know (frozen.ts).
    const { cwd } = process
    // Once: what imports it by name while the program is loaded keeps the real one.
    process.cwd = () => {
      process.cwd = cwd
      return toVirtualPath('')
    }
    try {
      return loader.import(url, undefined, { __proto__: null }, undefined, true) as Promise<unknown>
    } finally {
      process.cwd = cwd
    }
  })
}

/** As node's native side calls what it begins with; V8's help ends the process. */
function showHelp({ requireBuiltin, v8 }: Internals, help: Help): void {
  if (help === 'v8') v8.setFlagsFromString('--help')
  const { internalBinding, primordials } = requireBuiltin('internal/test/binding')
  const print = internalBinding('builtins').compileFunction('internal/main/print_help')
  print(process, requireBuiltin, internalBinding, primordials)
}

export function runScript(internals: Internals, tree: Tree, command: ScriptCommand): void {
  const { script, evaluate, args, help } = command
  if (help) {
    showHelp(internals, help)
    return
  }
  for (const flag of command.v8Flags) internals.v8.setFlagsFromString(flag)
  const isTest = command.execArgv.some(
    (option) => option.startsWith('--test') || option.startsWith('--experimental-test'),
  )
  // Without a launcher node has seen none of them.
  if (isTest || (!HAS_LAUNCHER && command.execArgv.length > 0)) {
    const { values, flags } = parseOptions(command.execArgv, internals)
    installOptionValues(internals, values, flags)
  }
  process.execArgv = [...command.execArgv]
  loadEnvironment(command.environment)
  const main = script === undefined ? [] : [path.resolve(script)]
  process.argv.splice(1, process.argv.length, ...main, ...args)
  if (command.preload.length > 0) internals.cjsLoader.Module._preloadModules([...command.preload])
  if (evaluate) {
    const { execution } = internals
    const { code, print, isModule } = evaluate
    const run = (name: string, source: string): void => {
      if (isModule) void execution.evalModuleEntryPoint(source, print)
      else execution.evalTypeScript(name, source, false, print, needsModuleLoader(internals))
    }
    if (code !== undefined) {
      // As lib/internal/main/eval_string.js.
      internals.loaderHelpers.addBuiltinLibsToObject(globalThis, '<eval>')
      run('[eval]', code)
    } else
      execution.readStdin((source) => {
        ;(process as { _eval?: string })._eval = source // what fork() leaves out of execArgv
        run('[stdin]', source)
      })
  } else if (main[0] !== undefined) {
    runFile(internals, tree, main[0])
  }
}

/** As node's: an argument is not valid. */
const EX_INVALID_ARGUMENT = 9

function loadEnvironment(files: ScriptCommand['environment']): void {
  // What is set already stays.
  for (const { file, isOptional } of files.toReversed()) {
    try {
      process.loadEnvFile(path.resolve(file))
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      if (isMissing && isOptional) continue
      if (!isMissing) throw error
      process.stderr.write(`${process.execPath}: ${file}: not found\n`)
      ;(process as any).reallyExit(EX_INVALID_ARGUMENT)
    }
  }
}

export function runWorker(internals: Internals, tree: Tree, job: WorkerJob): void {
  const { kind, content, preload } = job
  // What evaluating the bootstrap as a script has left behind.
  const globals = globalThis as Record<string, unknown>
  for (const name of ['module', 'exports', 'require', '__filename', '__dirname']) delete globals[name]
  process.execArgv = ownExecArgv(internals, job)
  if (preload && kind !== 'hooks') internals.cjsLoader.Module._preloadModules(listOf(preload))
  switch (kind) {
    case 'eval':
      Object.defineProperty(process, '_eval', { configurable: true, enumerable: true, value: content })
      internals.execution.evalTypeScript('[worker eval]', content)
      return
    case 'url':
      delete (process as { _eval?: string })._eval
      process.argv.splice(1, 1)
      importMain(internals, content)
      return
    case 'hooks':
      delete (process as { _eval?: string })._eval
      process.argv.splice(1, 1)
      internals.runHooksWorker()
      return
    case 'file':
      delete (process as { _eval?: string })._eval
      process.argv[1] = content
      runFile(internals, tree, content)
  }
}
