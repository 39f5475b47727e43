// What a thaw asks of the kernel is what ARCHITECTURE.md says, and the sandboxes that services usually run in
// allow it: the profile of containers, and systemd's for services.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { REPOSITORY, run } from '../../support/commands.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { THOROUGH } from '../../support/thorough.ts'
import { needTool } from '../elf/executable.fixture.ts'
import { buildFrozen, compareStarts, skip } from './frozen.fixture.ts'
import { buildRefuse } from './refuse.fixture.ts'

/** Of linux-libc-dev, which comes with gcc. */
const HEADER = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h'

/** Names in backticks, without constants. */
const DOCUMENTED = /A\s+thaw\s+calls\s(?<names>.*?)\sand\s+no\s+other/s

function documentedCalls(): string[] {
  const text = readFileSync(path.join(REPOSITORY, 'ARCHITECTURE.md'), 'utf8')
  const { names = '' } = DOCUMENTED.exec(text)?.groups ?? {}
  return [...names.matchAll(/`([a-z]\w*)`/g)].map(([, name]) => name!)
}

/** With the main thread's up to where the program goes on. */
function traced(text: string): { all: Set<string>; thaw: Set<string> } {
  const calls = text
    .split('\n')
    .map((line) => /^(?:\d+ +)?(\w+)\(/.exec(line)?.[1])
    .filter((name) => name !== undefined)
  const rest = calls.slice(1 + calls.indexOf('execve'))
  return { all: new Set(rest), thaw: new Set(rest.slice(0, 1 + rest.indexOf('rt_sigreturn'))) }
}

/** Names of a profile in the format that Docker and Podman read, allowed whatever the arguments and capabilities. */
function namesOf(profile: string): Set<string> {
  interface Rule {
    readonly names: readonly string[]
    readonly action: string
    readonly args?: readonly unknown[] | null
    readonly includes?: { readonly caps?: readonly string[] }
  }
  const { syscalls } = JSON.parse(profile) as { syscalls: readonly Rule[] }
  const rules = syscalls.filter(({ action, includes }) => action === 'SCMP_ACT_ALLOW' && !includes?.caps)
  return new Set(rules.flatMap(({ names }) => names))
}

/** What `systemd-analyze syscall-filter` prints: sets with their members, which may be sets. */
function expand(listing: string, set: string): Set<string> {
  const sets = new Map<string, string[]>()
  let members: string[] = []
  for (const line of listing.split('\n')) {
    const name = line.trim()
    if (name === '' || name.startsWith('#')) continue
    if (line.startsWith('@')) sets.set(name, (members = []))
    else members.push(name)
  }
  const names = (name: string): string[] => (name.startsWith('@') ? sets.get(name)!.flatMap(names) : [name])
  return new Set(names(set))
}

suite('the kernel interface of a thaw', { skip }, () => {
  const work = temporaryDirectory()
  let timers: string
  let facts: string
  let refuse: string
  before(async () => {
    if (skip) return
    needTool('strace', 'strace')
    timers = await buildFrozen(work, 'stress/timers.cjs')
    facts = await buildFrozen(work, 'facts.mjs')
    refuse = await buildRefuse(work)
  })

  test('is as it is written down', async () => {
    const documented = documentedCalls()
    assert.ok(documented.length > 20)
    const out = path.join(work, 'trace')
    const { status, stderr } = await run('strace', ['-f', '-o', out, `./${path.basename(timers)}`], {
      cwd: work,
    })
    assert.equal(status, 0, stderr)
    const { all, thaw } = traced(readFileSync(out, 'utf8'))
    assert.deepEqual(
      [...thaw].filter((name) => !documented.includes(name)),
      [],
      'used, and not written down',
    )
    assert.deepEqual(
      documented.filter((name) => !all.has(name)),
      [],
      'written down, and not used',
    )
  })

  /** Runs it with everything refused that a profile does not have. */
  async function thawsUnder(allowed: ReadonlySet<string>): Promise<void> {
    assert.deepEqual(
      documentedCalls().filter((name) => !allowed.has(name)),
      [],
    )
    const numbers = [...readFileSync(HEADER, 'utf8').matchAll(/^#define __NR_(\w+) (\d+)$/gm)]
    const refused = numbers.filter(([, name]) => !allowed.has(name!)).map(([, , number]) => number)
    assert.ok(refused.length > 50, `${refused.length} are refused`)
    const script = `exec "${refuse}" 1 ${refused.join()} "$@"`
    await compareStarts(facts, ['digest', 'worker', 'fetch', 'child', 'heap'], { script, env: {} }, 'thawed')
  }

  if (THOROUGH) {
    test('is what containers may use', async (context) => {
      const { status } = await run('apt-get', ['download', '-qq', 'golang-github-containers-common'], {
        cwd: work,
      })
      const archive = readdirSync(work).find((name) => name.endsWith('.deb'))
      if (status !== 0 || archive === undefined) return context.skip('apt does not give the profile')
      await run('dpkg-deb', ['-x', path.join(work, archive), path.join(work, 'package')])
      const profile = path.join(work, 'package/usr/share/containers/seccomp.json')
      return thawsUnder(namesOf(readFileSync(profile, 'utf8')))
    })
  }

  const noSystemd = !existsSync('/usr/bin/systemd-analyze') && 'there is no systemd'
  test("is in systemd's @system-service", { skip: noSystemd }, async () => {
    const { stdout } = await run('systemd-analyze', ['syscall-filter', '--no-pager'])
    await thawsUnder(expand(stdout, '@system-service'))
  })
})
