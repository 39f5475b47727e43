// The first JavaScript that runs in an executable: node's single-executable main script. Installs
// the embedded file system under node's own loaders and starts the program as node would.

import path from 'node:path'
import { getRawAsset } from 'node:sea'

import { Compiler } from './compile.ts'
import { restoreEnvironment } from './environment.ts'
import { openInternals, type InternalRequire } from './internals.ts'
import { selectEntry } from './select-entry.ts'
import { Archive } from './vfs/archive.ts'
import { createErrorFactory } from './vfs/errors.ts'
import { installFsBinding } from './vfs/fs-binding.ts'
import { installPublicFs } from './vfs/fs-public.ts'
import { installLoader } from './vfs/loader.ts'
import { toVirtualPath } from './vfs/paths.ts'
import { Tree } from './vfs/tree.ts'

declare const require: InternalRequire

restoreEnvironment()
const internals = openInternals(require)
const archive = new Archive(getRawAsset('payload'))
const tree = new Tree(archive, createErrorFactory(internals))
const compiler = new Compiler(archive, internals)
installFsBinding(internals, tree)
installPublicFs(tree)
installLoader(internals, tree, (entry, source) => compiler.onRead(toVirtualPath(entry.path), entry, source))
compiler.install()

const { entry, args } = selectEntry(archive.manifest.entries, process.argv0, process.argv.slice(2))
process.argv.splice(1, process.argv.length, path.join(toVirtualPath(''), entry.path), ...args)
process.execArgv = []
internals.runMain.executeUserEntryPoint(process.argv[1]!)
