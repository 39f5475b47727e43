// Runs inside the target's own node, because a code cache is V8's private format: compiles every
// module that comes in on standard input and writes the caches to standard output. The parent
// runs it with a fixed hash seed; without one, V8 orders the cache differently in every process.
//
// In: u32 count, then per module u8 isModule, u8 isCompiledWhole, u32 size, UTF-8 source.  Out: per module u32 size, bytes.

import { readFileSync, writeSync } from 'node:fs'
import v8 from 'node:v8'
import vm from 'node:vm'

const CJS_PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname']

function compile(source: string, isModule: boolean): Uint8Array {
  try {
    if (isModule) return new (vm as any).SourceTextModule(source, { identifier: 'x' }).createCachedData()
    const compiled = vm.compileFunction(source, CJS_PARAMETERS, {
      produceCachedData: true,
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }) as unknown as { cachedData?: Uint8Array }
    return compiled.cachedData ?? new Uint8Array()
  } catch {
    return new Uint8Array() // node will report the error if the module is ever run
  }
}

function write(bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += writeSync(1, bytes, written)
}

const input = readFileSync(0)
let offset = 4
for (let count = input.readUInt32LE(0); count > 0; count--) {
  const isModule = input.readUInt8(offset) === 1
  const isCompiledWhole = input.readUInt8(offset + 1) === 1
  const size = input.readUInt32LE(offset + 2)
  if (isCompiledWhole) v8.setFlagsFromString('--no-lazy')
  const cache = compile(input.toString('utf8', offset + 6, offset + 6 + size), isModule)
  if (isCompiledWhole) v8.setFlagsFromString('--lazy')
  offset += 6 + size
  const header = Buffer.alloc(4)
  header.writeUInt32LE(cache.length)
  write(header)
  write(cache)
}
