// Damage to an executable: `verify` finds all of it, and a program that starts either does what it did or says which
// part is damaged.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  constants,
  copyFileSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { BuildError } from '../../src/base/diagnostics.ts'
import { changeFuses } from '../../src/fuse.ts'
import { sign, verify } from '../../src/verify.ts'
import { ingot, ingotBuild } from '../support/commands.ts'
import { writeFiles } from '../support/files.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

/** Reads a module, an asset and a builtin of its own, and starts a worker. */
const PROGRAM = {
  'package.json': { name: 'sealed', type: 'module' },
  'data.txt': 'an asset\n'.repeat(20_000),
  'part.ts': `export const part = (n: number): number => n + 1\n`,
  'main.ts': `import { readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { part } from './part.ts'
const data = readFileSync(new URL('data.txt', import.meta.url))
console.log(part(41), createHash('sha256').update(data).digest('hex'), process.argv.length)
`,
}

const EXIT_DAMAGED = 74

suite('a sealed executable', () => {
  const project = path.join(temporaryDirectory(), 'sealed')
  const files = { frozen: path.join(project, 'frozen'), cold: path.join(project, 'cold') }

  before(async () => {
    writeFiles(project, PROGRAM)
    for (const [start, out] of Object.entries(files)) {
      await ingotBuild(['main.ts', '--start', start, '-o', out], { cwd: project })
    }
  })

  const copyOf = (file: string): string => {
    const copy = `${file}-${Math.random().toString(36).slice(2)}`
    copyFileSync(file, copy, constants.COPYFILE_FICLONE)
    return copy
  }

  test('is found sound, with a root that says what it is', () => {
    const { damage, root, size, parts, signedBy } = verify(files.frozen)
    assert.deepEqual(damage, [])
    assert.match(root, /^[0-9a-f]{64}$/)
    assert.equal(size, statSync(files.frozen).size)
    assert.equal(signedBy, undefined)
    const end = parts.reduce((at, part) => {
      assert.equal(part.offset, at, 'no gap before it')
      return at + part.size
    }, 0)
    assert.ok(end < size, 'and behind them the seal')
  })

  for (const start of ['frozen', 'cold'] as const) {
    const rounds = THOROUGH ? 50 : 3
    test(`verify finds each of ${rounds * 100} changed bytes (${start})`, () => {
      const file = copyOf(files[start])
      const random = generator(start === 'frozen' ? 1 : 2)
      for (let round = 0; round < rounds; round++) {
        const changes = Array.from({ length: 100 }, () =>
          flip(file, Math.floor(random() * statSync(file).size), random),
        )
        const { damage } = damageOf(file)
        for (const { offset } of changes) {
          const isFound = damage.some(({ from, to }) => from <= offset && offset < to)
          assert.ok(isFound, `byte 0x${offset.toString(16)} of round ${round}`)
        }
        for (const { undo } of changes.toReversed()) undo()
      }
      assert.deepEqual(damageOf(file).damage, [])
    })
  }

  test('verify finds each changed byte of the seal, its root and the room for a signature', () => {
    const file = copyOf(files.cold)
    const random = generator(3)
    const { size, parts } = verify(file)
    const sealOffset = parts.at(-1)!.offset + parts.at(-1)!.size
    for (let i = 0; i < (THOROUGH ? 100 : 6); i++) {
      const { undo, offset } = flip(file, sealOffset + Math.floor(random() * (size - sealOffset)), random)
      assert.ok(damageOf(file).damage.length > 0, `byte 0x${offset.toString(16)}`)
      undo()
    }
  })

  test('verify finds what is cut off, and what is added', () => {
    const random = generator(4)
    const file = copyOf(files.cold)
    const { size } = statSync(file)
    for (const more of ['x'.repeat(10_000), '\0']) {
      truncateSync(file, size)
      appendFileSync(file, more)
      assert.deepEqual(
        damageOf(file).damage.map(({ part }) => part),
        ['end of the file'],
      )
    }
    for (let left = size; left > 0; left = Math.floor(left * random())) {
      truncateSync(file, left - 1)
      assert.ok(damageOf(file).damage.length > 0)
    }
  })

  for (const [start, count] of [
    ['frozen', THOROUGH ? 3000 : 150],
    ['cold', THOROUGH ? 300 : 20],
  ] as const) {
    test(`runs as before, or names its damaged part, with each of ${count} changed bytes (${start})`, () => {
      const file = copyOf(files[start])
      const sound = run(file)
      assert.equal(sound.status, 0, sound.stderr)
      const random = generator(5)
      const { parts } = verify(file)
      for (let i = 0; i < count; i++) {
        const { offset, undo } = flip(file, Math.floor(random() * statSync(file).size), random)
        const part = parts.findLast((one) => one.offset <= offset)!.name
        const outcome = run(file)
        if (!isRefused(part, outcome)) assertSameOrNamed(outcome, sound, `byte 0x${offset.toString(16)}`)
        undo()
      }
    })
  }

  for (const part of [
    'launcher',
    'launch table',
    'libraries',
    'bootstrap',
    'program',
    'frozen process',
  ] as const) {
    test(`runs as before, or names the part, where the ${part} is changed`, () => {
      const file = copyOf(files.frozen)
      const sound = run(file)
      const random = generator(6)
      const place = verify(file).parts.find(({ name }) => name === part)!
      const names = new Set<string>()
      for (let i = 0; i < (THOROUGH ? 100 : 12); i++) {
        const { offset, undo } = flip(file, place.offset + Math.floor(random() * place.size), random)
        const outcome = run(file)
        const name = isRefused(part, outcome)
          ? undefined
          : assertSameOrNamed(outcome, sound, `byte 0x${offset.toString(16)}`)
        if (name !== undefined) names.add(name)
        undo()
      }
      // A frozen start does without the bootstrap, and most of the program.
      if (THOROUGH && part === 'launcher') assert.ok(names.size > 0, 'some of it is named')
      for (const name of names) assert.ok(name === part || name === 'seal', name)
    })
  }

  test('runs as before, or names the part, where node’s code for an output that is a pipe is changed', () => {
    const file = copyOf(files.frozen)
    const sound = run(file)
    const content = readFileSync(file)
    const random = generator(11)
    for (const text of ['function initSocketHandle(self) {', 'function destroy(err, cb) {']) {
      const at = content.indexOf(text)
      assert.ok(at > 0, text)
      for (let i = 0; i < (THOROUGH ? 100 : 10); i++) {
        const { offset, undo } = flip(file, at + Math.floor(random() * 3000), random)
        assertSameOrNamed(run(file), sound, `byte 0x${offset.toString(16)}`)
        undo()
      }
    }
  })

  test('a module and an asset that are changed are never run or read', () => {
    const file = copyOf(files.cold)
    const content = readFileSync(file)
    const { offset } = verify(file).parts.find(({ name }) => name === 'program')!
    for (const text of ['an asset\nan asset', 'n + 1', '"sealed"']) {
      const at = content.indexOf(text, offset)
      assert.ok(at > 0, text)
      const { undo } = flip(file, at, generator(7))
      const { status, stdout, stderr } = run(file)
      assert.equal(status, EXIT_DAMAGED, stderr)
      assert.equal(stdout, '')
      assert.match(stderr, /EXECUTABLE_DAMAGED .* its program is damaged\n {2}help: /)
      undo()
    }
  })

  test('does not run where it is cut off', () => {
    const file = copyOf(files.frozen)
    for (const { offset, size } of verify(file).parts.toReversed()) {
      truncateSync(file, offset + Math.floor(size / 2))
      const { status, signal, error } = run(file)
      assert.ok(status !== 0 || signal || error, 'it does not end well')
    }
  })

  test('the command says where the damage is, and exits with 1', async () => {
    const file = copyOf(files.cold)
    assert.match(
      (await ingot(['verify', file])).stdout,
      /^sound .*\nseal +sha256:[0-9a-f]{64}\nsigned +no\n$/,
    )
    flip(file, 0x2000000, generator(8))
    const { status, stderr } = await ingot(['verify', file])
    assert.equal(status, 1)
    assert.match(
      stderr,
      /^error EXECUTABLE_DAMAGED .* at byte 0x2\w+ {2}its runtime is damaged, within 131072 bytes/,
    )
  })

  test('is no executable of ours', async () => {
    const text = path.join(project, 'text')
    writeFileSync(text, 'no ELF file')
    assert.match((await ingot(['verify', text])).stderr, /^error IMAGE_NOT_ELF /)
    assert.match((await ingot(['verify', process.execPath])).stderr, /^error IMAGE_NOT_INGOT /)
    assert.match((await ingot(['verify', project])).stderr, /^error EXECUTABLE_UNREADABLE /)
  })

  test('is signed, and verified with the key', async () => {
    const file = copyOf(files.frozen)
    const [own, other] = [makeKey('own'), makeKey('other')]
    assert.throws(() => verify(file, { key: own.public }), { code: 'SIGNATURE_MISSING' })
    const { signedBy, damage } = await sign(file, own.key)
    assert.deepEqual(damage, [])
    assert.equal(verify(file, { key: own.public }).signedBy, signedBy)
    assert.deepEqual(run(file), run(files.frozen), 'and it runs')
    assert.throws(() => verify(file, { key: other.public }), { code: 'SIGNATURE_OTHER_KEY' })
    assert.throws(() => verify(file, { key: path.join(project, 'main.ts') }), { code: 'SIGNATURE_KEY' })

    for (const fromEnd of [1, 40, 90]) {
      const { undo } = flip(file, statSync(file).size - fromEnd, generator(9))
      assert.deepEqual(
        verify(file).damage.map(({ part }) => part),
        ['signature'],
      )
      undo()
    }
    flip(file, 0x3000000, generator(9))
    await assert.rejects(sign(file, own.key), { code: 'EXECUTABLE_DAMAGED' })
  })

  test('is signed by its build, and checks that at every start where the fuse says so', async () => {
    const { key, public: publicKey } = makeKey('build')
    const file = path.join(project, 'signed')
    await ingotBuild(['main.ts', '--sign', key, '--fuse', 'signature', '-o', file], { cwd: project })
    verify(file, { key: publicKey })
    const sound = run(file)
    assert.deepEqual(sound, run(files.cold))

    const refuses = (why: string) => {
      const { status, stdout, stderr } = run(file)
      assert.equal(stdout, '')
      assert.equal(status, 77)
      assert.match(stderr, /^error SIGNATURE_INVALID .*\n {2}help: /)
      assert.ok(stderr.includes(why), stderr)
    }
    const { undo } = flip(file, 0x5000000, generator(10))
    refuses('its runtime is damaged')
    undo()
    const again = flip(file, statSync(file).size - 1, generator(10))
    refuses('its signature is not of this file')
    again.undo()
    assert.deepEqual(run(file), sound)

    const changed = await changeFuses(file, { coldStart: false })
    assert.equal(changed.hasLostSignature, true)
    refuses('it is not signed')
    await sign(file, key)
    assert.deepEqual(run(file), sound)
    await changeFuses(file, { coldStart: true }, key)
    assert.deepEqual(run(file), sound)
    await changeFuses(file, { signature: false })
    assert.deepEqual(run(file), sound)
  })

  const makeKey = (name: string) => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const names = { key: path.join(project, `${name}.pem`), public: path.join(project, `${name}.pub.pem`) }
    writeFileSync(names.key, privateKey.export({ format: 'pem', type: 'pkcs8' }))
    writeFileSync(names.public, publicKey.export({ format: 'pem', type: 'spki' }))
    return names
  }
})

/** A file in which so much is wrong that it is not known as one of ours is damaged, too. */
function damageOf(file: string): { damage: { from: number; to: number; part?: string }[] } {
  try {
    return { damage: [...verify(file).damage] }
  } catch (error) {
    assert.ok(error instanceof BuildError, String(error))
    assert.match(error.code, /^IMAGE_|^SEAL_/)
    return { damage: [{ from: 0, to: Infinity }] }
  }
}

/**
 * Ended by the damage itself. The kernel reads the program headers, which are beside the launch table, and may find that it
 * cannot map the launcher at all. The launcher's first instructions are those that look: they may crash or go round for ever,
 * but nothing of the program has run then.
 */
function isRefused(part: string, outcome: Run): boolean {
  if (part === 'launch table') return outcome.error !== undefined || isKilled(outcome)
  return part === 'launcher' && nameIn(outcome) === undefined && (hasEnded(outcome) || goesRound(outcome))
}

/** Before it could do anything. */
function isKilled({ signal, stdout, stderr }: Run): boolean {
  return KILLS.includes(signal!) && stdout === '' && stderr === ''
}

const KILLS = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGTRAP', 'SIGFPE', 'SIGKILL']

/** What writes the message, or ends the process then, may be what is damaged. */
function hasEnded({ status, signal, stdout }: Run): boolean {
  return stdout === '' && (status === EXIT_DAMAGED || KILLS.includes(signal!))
}

function goesRound({ error, stdout, stderr }: Run): boolean {
  return error?.includes('ETIMEDOUT') === true && stdout === '' && stderr === ''
}

/** The part that was named. */
function assertSameOrNamed(outcome: Run, sound: Run, where: string): string | undefined {
  const name = nameIn(outcome)
  if (name === undefined) assert.deepEqual(outcome, sound, where)
  return name
}

function nameIn({ status, stderr }: Run): string | undefined {
  const found = /EXECUTABLE_DAMAGED .* its ([\w ]+) is damaged/.exec(stderr)
  return status === EXIT_DAMAGED ? found?.[1] : undefined
}

interface Run {
  readonly status: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly error: string | undefined
}

function run(file: string): Run {
  const { status, signal, stdout, stderr, error } = spawnSync(file, {
    encoding: 'utf8',
    timeout: 10_000,
    env: {},
  })
  return { status, signal, stdout, stderr, error: error && String(error) }
}

/** Changes one bit of one byte. */
function flip(file: string, offset: number, random: () => number) {
  const write = (change: (byte: number) => number) => {
    const descriptor = openSync(file, 'r+')
    const byte = Buffer.alloc(1)
    readSync(descriptor, byte, 0, 1, offset)
    const before = byte[0]!
    byte[0] = change(before)
    writeSync(descriptor, byte, 0, 1, offset)
    closeSync(descriptor)
    return before
  }
  const before = write((byte) => byte ^ (1 << Math.floor(random() * 8)))
  return { offset, undo: () => void write(() => before) }
}

/** The same numbers in every run (a linear congruential generator). */
function generator(seed: number): () => number {
  let state = seed
  return () => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff) / 0x8000_0000
}
