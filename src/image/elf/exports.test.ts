import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import { viewOf } from '../../base/bytes.ts'
import { HOST } from '../../base/targets.ts'
import { temporaryDirectory } from '../../../test/support/temporary.ts'
import { THOROUGH } from '../../../test/support/thorough.ts'
import { DT_JMPREL, DT_PLTRELSZ, DT_RELA, DT_RELASZ } from './constants.ts'
import { dynamicTags, offsetOf, readDynamic } from './dynamic.ts'
import { NO_EDITS, type NodeEdits } from './edits.ts'
import { dynamicNames, withoutExports } from './exports.ts'
import { readElf, type ElfFile } from './read.ts'
import { Relocation } from './structs.ts'
import { findSymbols, lookUpSymbols } from './symbols.ts'
import { makeNode } from './synthetic.fixture.ts'

const LIBRARIES = ['libc.so.6', 'libm.so.6', 'libstdc++.so.6', 'libgcc_s.so.1', 'ld-linux-x86-64.so.2']
const V8 = '_ZN2v87Isolate10GetCurrentEv'
const NODE_API = 'napi_create_function'
const ENVIRONMENT = 'environ'
const OF_NODE = [V8, NODE_API]

/** With all changes, and nonsense where something is cut out. */
function edited(node: ElfFile, { patches, cuts }: NodeEdits): ElfFile {
  const bytes = Buffer.from(node.bytes)
  for (const { start, end } of cuts) bytes.fill(0xcc, offsetOf(node, start), offsetOf(node, end - 1) + 1)
  for (const patch of patches) bytes.set(patch.bytes, offsetOf(node, patch.address))
  return readElf(bytes, 'edited')
}

/** By place, which symbol each relocation is about. */
function relocations(elf: ElfFile, names: readonly string[]): Map<number, string> {
  const view = viewOf(elf.bytes)
  const tags = new Map(dynamicTags(elf, view).map(({ tag, value }) => [tag, value]))
  const found = new Map<number, string>()
  for (const [start, size] of [
    [DT_RELA, DT_RELASZ],
    [DT_JMPREL, DT_PLTRELSZ],
  ] as const) {
    const first = offsetOf(elf, tags.get(start)!)
    for (let at = first; at < first + tags.get(size)!; at += Relocation.size) {
      const { offset } = Relocation.read(view, at)
      const info = view.getBigUint64(at + Relocation.offsetOf('info'), true)
      found.set(offset, `${info & 0xffffn} ${names[Number(info >> 32n)]}`)
    }
  }
  return found
}

suite('node without what it offers to addons', { skip: HOST !== 'linux-x64' }, () => {
  const directory = temporaryDirectory()
  const node = readElf(readFileSync(process.execPath), process.execPath)
  const needed = new Set(
    LIBRARIES.flatMap((name) => {
      const file = path.join('/lib/x86_64-linux-gnu', name)
      return dynamicNames(readElf(readFileSync(file), file))
    }),
  )
  const edits = withoutExports(node, needed)
  const small = edited(node, edits)

  test('is three megabytes smaller', () => {
    const [cut, ...others] = edits.cuts
    assert.deepEqual(others, [])
    assert.ok(cut!.end - cut!.start > 3e6)
  })

  test('offers what is in C, and what the libraries have too', () => {
    const before = new Set(dynamicNames(node))
    const after = new Set(dynamicNames(small))
    assert.ok([...after].some((name) => name.startsWith('_ZNSt')))
    assert.deepEqual(Object.keys(lookUpSymbols(node, OF_NODE)).toSorted(), OF_NODE.toSorted())
    assert.deepEqual(Object.keys(lookUpSymbols(small, OF_NODE)), [NODE_API])
    assert.deepEqual(findSymbols(small, [NODE_API, ENVIRONMENT]), findSymbols(node, [NODE_API, ENVIRONMENT]))
    const lost = before.difference(after)
    assert.deepEqual(
      [...lost].filter((name) => needed.has(name) || !name.startsWith('_Z')),
      [],
    )
    assert.equal(after.difference(before).size, 0)
  })

  test('needs the same libraries, in the same versions, for the same places', () => {
    assert.deepEqual(readDynamic(small), readDynamic(node))
    assert.deepEqual(relocations(small, dynamicNames(small)), relocations(node, dynamicNames(node)))
  })

  test('stays as it is where its tables lie in another way', () => {
    const other = readElf(makeNode(), 'node')
    assert.deepEqual(withoutExports(other, new Set()), NO_EDITS)
  })

  if (THOROUGH)
    test('is bound by ld.so as before, name by name', () => {
      const file = path.join(directory, 'node')
      writeFileSync(file, small.bytes, { mode: 0o755 })
      const bindings = (command: string) => {
        // All at once: what a run binds when it first calls it depends on how its threads come along.
        const { stderr, status } = spawnSync(command, ['-e', '0'], {
          env: { LD_DEBUG: 'bindings', LD_BIND_NOW: '1' },
          encoding: 'utf8',
          maxBuffer: 2 ** 26,
        })
        assert.equal(status, 0)
        const lines = stderr.replaceAll(command, 'node').matchAll(/binding file .*/g)
        return [...lines].map(([line]) => line).toSorted()
      }
      const before = bindings(process.execPath)
      assert.ok(before.length > 3000)
      assert.deepEqual(bindings(file), before)
    })
})
