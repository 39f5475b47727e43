// What the launcher has to know of node's inside to seal it: where node looks for a program in its own file, and which
// of its code asks libc for variables on behalf of process.env.

import { BuildError } from '../../base/diagnostics.ts'
import { loadsOf } from './check.ts'
import { offsetOf } from './dynamic.ts'
import { machineOf } from './machine.ts'
import type { ElfFile } from './read.ts'
import { SEA_FUSE } from '../sea.ts'
import { findSymbols } from './symbols.ts'

/** libuv's function that copies what getenv gives. */
const GETENV_CALLER = 'uv_os_getenv'
/** Bytes of it in which the launcher takes a return address for its own (launcher/environment.c). */
const PROLOGUE_SIZE = 128
/** node::RealEnvStore, src/node_env_var.cc: what reads for everybody, what for process.env, and what follows. */
const READER = '_ZNK4node12RealEnvStore3GetB5cxx11EPKc'
const FIRST_OF_PROGRAM = '_ZNK4node12RealEnvStore3GetEPN2v87IsolateENS1_5LocalINS1_6StringEEE'
const FIRST_OTHER = '_ZNK4node12RealEnvStore9EnumerateEPN2v87IsolateE'
const READERS_LIMIT = 8192

/** @throws BuildError IMAGE_NOT_NODE */
export function findSeaSwitch(node: ElfFile): number {
  const { buffer, byteOffset, length } = node.bytes
  const at = Buffer.from(buffer, byteOffset, length).indexOf(SEA_FUSE)
  if (at === -1) throw notNode(node, 'it has no single-executable fuse', 0)
  return at + SEA_FUSE.length - 1
}

/** @throws BuildError IMAGE_NOT_NODE, IMAGE_MALFORMED */
export function findSealed(node: ElfFile) {
  const fileOffset = findSeaSwitch(node)
  const segment = loadsOf(node).find(
    (it) => fileOffset >= it.fileOffset && fileOffset < it.fileOffset + it.fileSize,
  )
  if (!segment) throw notNode(node, 'its single-executable fuse is not mapped', fileOffset)
  const symbols = findSymbols(node, [GETENV_CALLER, READER, FIRST_OF_PROGRAM, FIRST_OTHER])
  for (const name of [GETENV_CALLER, READER] as const) {
    const start = offsetOf(node, symbols[name])
    // The launcher goes through it.
    if (!machineOf(node).hasFrame(node.bytes.subarray(start, start + PROLOGUE_SIZE)))
      throw notNode(node, `${name} has no frame`, start)
  }
  const [reader, program, other] = [symbols[READER], symbols[FIRST_OF_PROGRAM], symbols[FIRST_OTHER]]
  if (reader >= program || program >= other || other - reader > READERS_LIMIT)
    throw notNode(node, 'its process.env is laid out in another way', offsetOf(node, reader))
  return {
    seaSwitch: segment.virtualAddress + fileOffset - segment.fileOffset,
    getenvCaller: symbols[GETENV_CALLER],
    environmentReader: reader,
    programEnvironment: program,
    programEnvironmentEnd: other,
  }
}

function notNode(node: ElfFile, why: string, offset: number): BuildError {
  return new BuildError('IMAGE_NOT_NODE', `this is not an official node executable: ${why}`, {
    at: { file: node.file, offset },
    help: 'use an official node 26',
  })
}
