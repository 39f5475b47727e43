import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'

import { findPackage } from './package.ts'
import { unreadItems } from './unread.ts'

suite('ICU data that nothing reads', () => {
  const node = readFileSync(process.execPath)
  const names = (functions: readonly string[]) => {
    const ranges = unreadItems(node, functions)
    return [...findPackage(node)!.items]
      .filter(([, { byteOffset }]) => {
        const at = byteOffset - node.byteOffset
        return ranges.some(({ start, end }) => at >= start && at < end)
      })
      .map(([name]) => name)
  }

  test('is that of transliteration and of StringPrep, in a node without these', () => {
    const found = names(['u_init_78', 'ucnv_open_78'])
    assert.ok(found.includes('translit/root.res') && found.includes('rfc3491.spp'))
    assert.deepEqual(
      found.filter((name) => !name.startsWith('translit/') && !name.endsWith('.spp')),
      [],
    )
  })

  test('is what is not there, piece by piece', () => {
    assert.deepEqual(
      names(['u_init_78', 'utrans_openU_78']).filter((name) => !name.endsWith('.spp')),
      [],
    )
    assert.deepEqual(names(['u_init_78', 'utrans_openU_78', 'usprep_openByType_78']), [])
  })

  test('is none where ICU’s functions cannot be found by name', () => {
    assert.deepEqual(names([]), [])
    assert.deepEqual(unreadItems(new Uint8Array(4096), ['u_init_78']), [])
  })
})
