import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, suite, test } from 'node:test'

import { writeText } from './write-text.ts'

suite('write text', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'ingot-text-'))
  after(() => rmSync(directory, { recursive: true, force: true }))
  const at = (name: string) => path.join(directory, name)

  test('a new file, in a new directory', () => {
    writeText(at('sub/new'), 'text', 'it')
    assert.equal(readFileSync(at('sub/new'), 'utf8'), 'text')
  })

  test('an old file is another one afterwards, with the same mode', () => {
    writeFileSync(at('old'), 'a longer text')
    chmodSync(at('old'), 0o640)
    const { ino } = statSync(at('old'))
    writeText(at('old'), 'text', 'it')
    assert.equal(readFileSync(at('old'), 'utf8'), 'text')
    assert.notEqual(statSync(at('old')).ino, ino)
    assert.equal(statSync(at('old')).mode & 0o777, 0o640)
  })

  test('a link stays one', () => {
    writeFileSync(at('target'), '')
    symlinkSync('target', at('link'))
    writeText(at('link'), 'text', 'it')
    assert.ok(lstatSync(at('link')).isSymbolicLink())
    assert.equal(readFileSync(at('target'), 'utf8'), 'text')
  })

  for (const [name, into] of [
    ['a pipe', '| cat'],
    ['a file', `> ${at('redirected')}; cat ${at('redirected')}`],
  ] as const) {
    test(`/dev/stdout is written to where it is ${name}`, () => {
      const module = path.join(import.meta.dirname, 'write-text.ts')
      const script = `import(${JSON.stringify(module)}).then((it) => it.writeText('/dev/stdout', 'text', 'it'))`
      const { stdout } = spawnSync('/bin/sh', ['-c', `"$0" -e "$1" ${into}`, process.execPath, script], {
        encoding: 'utf8',
      })
      assert.equal(stdout, 'text')
    })
  }

  test('what cannot be written is an error, and leaves nothing', () => {
    writeFileSync(at('file'), '')
    for (const name of ['.', 'file/below']) {
      assert.throws(() => writeText(at(name), 'text', 'page'), {
        code: 'OUTPUT_UNWRITABLE',
        message: /^the page cannot be written \(E(?:ISDIR|BUSY|NOTDIR|EXIST|NOTEMPTY)\)$/,
      })
    }
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.includes('ingot-')),
      [],
    )
  })
})
