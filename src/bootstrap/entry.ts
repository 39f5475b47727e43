// The first JavaScript that runs in an executable: node's single-executable main script, and again
// in every worker thread. Installs the embedded file system under node's own loaders and starts
// what is to run as node would.

import path from 'node:path'

import { FUSES } from '../format/fuses.ts'
import { installAddons, placeNative } from './addons.ts'
import { readScriptCommand, restoreArguments } from './arguments.ts'
import { installContract, type Shared } from './contract.ts'
import { guardCodeFromDisk } from './code-from-disk.ts'
import { Compiler } from './compile.ts'
import { tellerOf } from './control.ts'
import { installCoverage } from './coverage.ts'
import { loadDevelopment } from './development.ts'
import { installExit } from './exit.ts'
import { installSignals } from './signals.ts'
import { correctNames, timeOriginIn, detectFreezing, type Freezing } from './frozen.ts'
import { sealGlobalPaths } from './global-paths.ts'
import { openInternals, optionTable, type InternalRequire } from './internals.ts'
import { installMissingFileHint } from './missing-file.ts'
import { loadEmbeddedCode } from './own-code.ts'
import { HAS_LAUNCHER } from './platform.ts'
import { PreparedModules } from './prepared.ts'
import { installProcesses } from './processes.ts'
import { serveRequests } from './program-requests.ts'
import { detectRehearsal } from './rehearsal.ts'
import { runFile, runScript, runWorker } from './run.ts'
import { checkSignature } from './signature.ts'
import { selectEntry } from './select-entry.ts'
import type * as TestsCode from './tests/test-runner.ts'
import { compileTrained } from './trained-code.ts'
import { Archive } from './vfs/archive.ts'
import { createErrorFactory } from './vfs/errors.ts'
import { installFsBinding } from './vfs/fs-binding.ts'
import { installPublicFs } from './vfs/fs-public.ts'
import { installLoader } from './vfs/loader.ts'
import { setVirtualWorkingDirectory, toVirtualPath } from './vfs/paths.ts'
import { installErrorMarks } from './vfs/stack.ts'
import { Tree } from './vfs/tree.ts'
import { warmUpReads } from './warm-up-reads.ts'
import { loadAhead, USUAL_MODULES, warmUp } from './warm-up.ts'
import { showSealed } from './worker-environment.ts'
import { installWorkers, type WorkerJob } from './workers.ts'
import { installWorkerDirectory, installWorkingDirectory } from './working-directory.ts'

declare const require: InternalRequire
/** Present in a worker (workers.ts). */
declare const ingotWorker: WorkerJob | undefined

const job = typeof ingotWorker === 'undefined' ? undefined : ingotWorker
const shared: Shared = { contract: job?.contract }
const internals = openInternals(require)
// Before the launcher hears of us: what is read of the environment until then does not matter.
sealGlobalPaths(internals, job !== undefined)
const prepared = new PreparedModules()
const development = loadDevelopment(internals, job !== undefined)
development?.awaitProgram((path) => {
  prepared.prepare(internals, new Archive(internals.sea.getAsset('payload')), { modules: [path] })
})
const archive = new Archive(internals.sea.getAsset('payload'), internals)
if (development) prepared.keepSame(archive)
const error = createErrorFactory(internals)
const tree = new Tree(archive, error)
const compiler = new Compiler(archive, internals, prepared)
const { manifest } = archive
const { entries, tests, sourceMaps, waitsForReady = false } = manifest
const freezing = job ? undefined : detectFreezing(internals, archive)
const rehearsal = job ? undefined : detectRehearsal(internals, () => compiler.loaded(), tree)

// Below all that the bootstrap puts in place: a program may change what that runs on.
const beginContract = installContract(archive, { internals, manifest, freezing, job, development, shared })
installErrorMarks(internals.privateSymbols)
const descriptors = installFsBinding(internals, tree, error)
installPublicFs(internals, tree)
// The launcher lets addons be loaded, and programs be started, from the executable itself.
const place =
  !HAS_LAUNCHER && manifest.native
    ? placeNative(internals, archive, manifest.native, manifest.contract?.enforce === true)
    : undefined
if (place) installAddons(archive, place)
installLoader(internals, tree, {
  onRead: (entry, source) => compiler.onRead(toVirtualPath(entry.path), entry, source),
  preparedSource: (entry) => prepared.source(entry),
  onForeign: guardCodeFromDisk(internals, manifest.fuses),
})
installProcesses(internals, tree, place, descriptors)
installWorkers(internals, job !== undefined, shared)
compiler.install()
if (sourceMaps) process.setSourceMapsEnabled(true)

if (job) {
  showSealed()
  installWorkerDirectory(job.workingDirectory)
  development?.begin(() => [], archive)
  correctNames(internals, job)
  timeOriginIn(internals).set(job.timeOrigin)
  runWorker(internals, tree, job)
} else {
  const tell = tellerOf(internals.fs)
  tell('environment')
  if (!freezing && tell(`fuse/${FUSES.signature}`)) checkSignature(internals.requireBuiltin)
  installWorkingDirectory(internals, tree, error)
  if (HAS_LAUNCHER) {
    installExit(internals, () => rehearsal?.end())
    installSignals(internals)
  }
  installMissingFileHint()
  if (tests) installCoverage(internals, () => compiler.ignoreCaches())
  development?.begin(() => compiler.loaded(), archive)
  if (freezing) startFrozen(freezing)
  else start()
}

function start(): void {
  rehearsal?.begin()
  const args = restoreArguments(process.argv.slice(2))
  const command = readScriptCommand(args, optionTable(internals))
  if (command || tests) beginContract?.(false)
  if (command) {
    setVirtualWorkingDirectory(command.workingDirectory)
    runScript(internals, tree, command)
    return
  }
  if (tests) {
    const code = loadEmbeddedCode(internals, archive, 'tests') as typeof TestsCode
    code.runTests(internals, tree, { ...manifest, tests }, args)
    return
  }
  const [main, ...rest] = selectMain(process.argv0, args) as [string, ...string[]]
  process.argv.splice(1, process.argv.length, main, ...rest)
  process.execArgv = []
  beginContract?.(true)
  runFile(internals, tree, main)
}

function startFrozen(freezing: Freezing): void {
  const { training, arm, begin, settle, collectYoungGarbage } = freezing
  process.execArgv = []
  compiler.watch = arm((now) => selectMain(now.argv0, now.args), { isDateFree: waitsForReady })
  serveRequests(internals.requireBuiltin, freezing)
  // All functions, and not when they are first called.
  internals.v8.setFlagsFromString('--no-lazy')
  warmUp(internals.requireBuiltin, training.builtins)
  prepared.prepare(internals, archive, training)
  internals.v8.setFlagsFromString('--lazy')
  // As node comes with them: whole, and with the code cache that node then keeps, they would be half of the memory.
  loadAhead(internals.requireBuiltin, USUAL_MODULES)
  compileTrained(internals, training)
  Object.assign(internals.cjsLoader.Module._pathCache, Object.fromEntries(training.resolved))
  warmUpReads(internals, tree, collectYoungGarbage)
  begin()
  // Which of several programs it is only a start can tell.
  const [main] = entries.length === 1 ? selectMain('', []) : selectMain(settle().argv0, settle().args)
  runFile(internals, tree, main!)
}

/** The main module, and what its program is to see behind it in process.argv. */
function selectMain(argv0: string, args: readonly string[]): string[] {
  const selected = selectEntry(entries, argv0, restoreArguments(args))
  return [path.join(toVirtualPath(''), selected.entry.path), ...selected.args]
}
