// The executable as a file: what tools say about it, and what tools that rewrite it do to it.

import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'

import { readElf } from '../../../src/image/elf/read.ts'
import {
  buildFixture,
  needTool,
  NODE,
  outputOf,
  removeDirectory,
  run,
  sameBytes,
  skip,
  type Fixture,
} from './executable.fixture.ts'

const PT_LOAD = 1
const PT_DYNAMIC = 2
const PT_INTERP = 3
const PT_GNU_STACK = 0x6474e551
const PF_X = 1
const PF_W = 2
const PAGE = 4096

let fixture: Fixture
before(async () => {
  if (!skip) fixture = await buildFixture('elf-file')
})
after(() => fixture && removeDirectory(fixture.directory))

test('file(1) says statically linked, ldd(1) not dynamic', { skip }, () => {
  needTool('file', 'file')
  const kind = outputOf('file', ['--brief', fixture.file])
  assert.match(kind, /ELF 64-bit LSB executable, x86-64/)
  assert.match(kind, /statically linked/)
  assert.doesNotMatch(kind, /interpreter|dynamically|corrupted|missing/)
  const ldd = run('ldd', [fixture.file], { env: { ...process.env, LC_ALL: 'C' } })
  assert.match(ldd.stdout + ldd.stderr, /not a dynamic executable/)
})

test('program headers: no interpreter, no dynamic section, W^X, no executable stack', { skip }, () => {
  const { programHeaders } = readElf(readFileSync(fixture.file), fixture.file)
  for (const { type, flags } of programHeaders) {
    assert(type !== PT_INTERP && type !== PT_DYNAMIC)
    assert(!(flags & PF_W && flags & PF_X), 'a segment is writable and executable')
  }
  assert.deepEqual(
    programHeaders.filter(({ type }) => type === PT_GNU_STACK).map(({ flags }) => flags & PF_X),
    [0],
  )
})

test('program headers: every segment can be mapped as it is, and no two share a page', { skip }, () => {
  const bytes = readFileSync(fixture.file)
  const loads = readElf(bytes, fixture.file).programHeaders.filter(({ type }) => type === PT_LOAD)
  let pages = 0
  for (const { virtualAddress, fileOffset, fileSize, memorySize, alignment } of loads) {
    assert.equal(virtualAddress % PAGE, fileOffset % PAGE)
    assert.equal(alignment % PAGE, 0)
    assert(fileOffset + fileSize <= bytes.length)
    assert(Math.floor(virtualAddress / PAGE) >= pages, 'two segments share a page')
    pages = Math.ceil((virtualAddress + memorySize) / PAGE)
  }
  // Everything of the file is mapped, but for the gaps that put segments on pages.
  assert.equal(Math.max(...loads.map(({ fileOffset, fileSize }) => fileOffset + fileSize)), bytes.length)
})

/** Complaints about the executable that the same tool does not have about plain node. */
function newComplaints(complaintsOf: (file: string) => string[]): string[] {
  const ours = complaintsOf(fixture.file)
  if (ours.length === 0) return []
  const theirs = new Set(complaintsOf(NODE))
  return ours.filter((complaint) => !theirs.has(complaint))
}

test('readelf -a has no complaint that it does not have about plain node', { skip }, () => {
  needTool('readelf', 'binutils')
  const complaints = newComplaints((file) => {
    const { stdout, stderr, status } = run('readelf', ['-aW', file], { env: { ...process.env, LC_ALL: 'C' } })
    const inOutput = stdout
      .split('\n')
      .filter((line) => /\b(?:warning|error|corrupt|overlap|invalid)/i.test(line))
    const inErrors = stderr.split('\n').filter(Boolean)
    return [...inOutput, ...inErrors, ...(status === 0 ? [] : [`exit status ${status}`])]
  })
  assert.deepEqual(complaints, [])
})

for (const options of [[], ['--gnu-ld'], ['--strict']]) {
  test(
    `eu-elflint ${options.join(' ')} has no finding that it does not have about plain node`,
    { skip },
    () => {
      needTool('eu-elflint', 'elfutils')
      const findings = newComplaints((file) => {
        const { stdout, stderr } = run('eu-elflint', [...options, file], {
          env: { ...process.env, LC_ALL: 'C' },
        })
        return (stdout + stderr).split('\n').filter((line) => line !== '' && line !== 'No errors')
      })
      assert.deepEqual(findings, [])
    },
  )
}

test('the file is at most stripped node + 6 MB + payload', { skip }, () => {
  needTool('strip', 'binutils')
  const stripped = path.join(fixture.directory, 'stripped-node')
  outputOf('strip', ['-o', stripped, NODE])
  const { code, codeCache, assets, index, info } = fixture.result.parts
  const { start } = fixture.result
  const frozen = start.kind === 'frozen' ? start.bytes : 0
  const { size } = statSync(fixture.file)
  assert.equal(size, fixture.result.size)
  // Alignment inside the payload is its own: a page for each addon.
  const limit =
    statSync(stripped).size + 6_000_000 + code + codeCache + assets + index + info + frozen + 2 * PAGE
  assert(size <= limit, `${size} bytes are ${size - limit} more than ${limit}`)
})

// What each tool does to the file, as of binutils 2.40, patchelf 0.14 and elfutils 0.188: all refuse it,
// because there are no section headers, and leave it as it was. eu-strip alone exits with 0 then. Another
// version may as well leave a file that works: that is good, too. What must not be is a broken file.
for (const [name, command, args, debianPackage] of [
  ['strip', 'strip', ['FILE'], 'binutils'],
  ['strip --strip-all -o', 'strip', ['--strip-all', '-o', 'OUT', 'FILE'], 'binutils'],
  ['strip --strip-debug', 'strip', ['--strip-debug', 'FILE'], 'binutils'],
  ['objcopy', 'objcopy', ['FILE', 'OUT'], 'binutils'],
  ['objcopy --strip-unneeded', 'objcopy', ['--strip-unneeded', 'FILE'], 'binutils'],
  ['objcopy --add-section', 'objcopy', ['--add-section', '.x=/etc/passwd', 'FILE', 'OUT'], 'binutils'],
  ['patchelf --set-rpath', 'patchelf', ['--set-rpath', '/x', 'FILE'], 'patchelf'],
  ['patchelf --set-interpreter', 'patchelf', ['--set-interpreter', '/x', 'FILE'], 'patchelf'],
  ['eu-strip', 'eu-strip', ['FILE'], 'elfutils'],
] as const) {
  test(`${name} refuses the executable or leaves one that works`, { skip }, (t) => {
    needTool(command, debianPackage)
    const file = path.join(fixture.directory, `for-${name.replaceAll(/\W+/g, '-')}`)
    const out = `${file}-out`
    copyFileSync(fixture.file, file)
    const place = (arg: string) => (arg === 'FILE' ? file : arg === 'OUT' ? out : arg)
    const { status, stderr } = run(command, args.map(place))
    const untouched = sameBytes(file, fixture.file)
    t.diagnostic(`exit status ${status}, input ${untouched ? 'as it was' : 'changed'}: ${stderr.trim()}`)

    if (!untouched) assert.equal(outputOf(file, []), 'hello\n')
    if (existsSync(out)) assert.equal(outputOf(out, []), 'hello\n')
    const works = !untouched || existsSync(out)
    assert(works || status !== 0 || stderr !== '', 'it neither did anything nor said that it did not')
  })
}
