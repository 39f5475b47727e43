// Sandboxes that refuse system calls (seccomp, gVisor): a frozen executable does what its cold start does there.

import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'

import { temporaryDirectory } from '../../support/temporary.ts'
import { THOROUGH } from '../../support/thorough.ts'
import { buildRefuse } from './refuse.fixture.ts'
import { buildFrozen, COLD, compareStarts, skip, start, type Expected } from './frozen.fixture.ts'

/**
 * asm/unistd_64.h. Without gettid and set_tid_address libc and V8 take threads for each other, also in plain node: what
 * that leads to is chance.
 */
const NUMBERS = {
  mprotect: 10,
  rt_sigaction: 13,
  rt_sigprocmask: 14,
  ioctl: 16,
  mremap: 25,
  madvise: 28,
  clone: 56,
  fcntl: 72,
  readlink: 89,
  sysinfo: 99,
  sigaltstack: 131,
  prctl: 157,
  arch_prctl: 158,
  sched_getaffinity: 204,
  timer_create: 222,
  timer_settime: 223,
  timer_delete: 226,
  epoll_ctl: 233,
  tgkill: 234,
  set_robust_list: 273,
  epoll_pwait: 281,
  eventfd2: 290,
  epoll_create1: 291,
  dup3: 292,
  pipe2: 293,
  prlimit64: 302,
  getrandom: 318,
  memfd_create: 319,
  membarrier: 324,
  statx: 332,
  rseq: 334,
  io_uring_setup: 425,
  clone3: 435,
} as const
type Call = keyof typeof NUMBERS

const ERRORS = { EPERM: 1, ENOSYS: 38 } as const

/** Without these a cold start does not work either. */
const NEEDED = [
  'mprotect',
  'rt_sigaction',
  'rt_sigprocmask',
  'madvise',
  'fcntl',
  'arch_prctl',
  'ioctl',
  'epoll_pwait',
  'eventfd2',
  'epoll_create1',
  'pipe2',
  'EPERM clone3',
  'EPERM getrandom',
]

/** What a thaw needs, and node does not. */
const COLD_WITHOUT: readonly string[] = [
  'dup3',
  'epoll_ctl',
  'memfd_create',
  'ENOSYS getrandom',
  'prlimit64',
  'sysinfo',
]

const PR_SET_NAME = 15
const PREAD64 = 17
/** What gVisor and old kernels lack, all at once. */
const MISSING: readonly Call[] = ['io_uring_setup', 'rseq', 'membarrier', 'clone3', 'statx']

suite('refused system calls', { skip }, () => {
  const work = temporaryDirectory()
  let refuse: string
  let facts: string
  let chance: string
  before(async () => {
    if (skip) return
    refuse = await buildRefuse(work)
    facts = await buildFrozen(work, 'facts.mjs')
    chance = await buildFrozen(work, 'chance-random.cjs')
  })

  const under = (error: keyof typeof ERRORS, calls: string) => ({
    script: `exec "${refuse}" ${ERRORS[error]} ${calls} "$@"`,
    env: { PATH: '/usr/bin:/bin' },
  })
  const compare = (error: keyof typeof ERRORS, calls: string, expected: Expected, args: readonly string[]) =>
    compareStarts(facts, args, under(error, calls), expected)

  for (const error of THOROUGH ? (['EPERM', 'ENOSYS'] as const) : (['EPERM'] as const)) {
    const calls = Object.entries(NUMBERS).filter(
      ([call], i) => THOROUGH || COLD_WITHOUT.includes(call) || i % 4 === 0,
    )
    for (const [call, number] of calls) {
      const is = (list: readonly string[]) => list.includes(call) || list.includes(`${error} ${call}`)
      const expected = is(COLD_WITHOUT) ? 'cold' : 'thawed'
      // Threads are made by clone3, but not processes.
      const args =
        call === 'clone' ? ['digest', 'worker', 'fetch'] : ['digest', 'worker', 'fetch', 'child', 'locale']
      test(`${call}: ${error}`, async () => {
        if (!is(NEEDED)) return compare(error, String(number), expected, args)
        const { env, ...options } = under(error, String(number))
        const { status } = await start(facts, args, { ...options, env: { ...env, INGOT_START: COLD } })
        assert.notEqual(status, 0, 'node does without it')
      })
    }
    test(`prctl(PR_SET_NAME): ${error}`, () =>
      compare(error, `${NUMBERS.prctl}/${PR_SET_NAME}`, 'thawed', ['digest', 'worker']))
  }

  // It does not know that a file is its own then, and moves what the kernel has mapped of it.
  test('pread64: EPERM', () => compare('EPERM', String(PREAD64), 'thawed', ['digest', 'worker']))
  test('pread64, mremap: EPERM', () =>
    compare('EPERM', [PREAD64, NUMBERS.mremap].join(), 'cold', ['digest', 'worker']))

  test(`${MISSING.join(', ')}: ENOSYS`, () =>
    compare('ENOSYS', MISSING.map((call) => NUMBERS[call]).join(), 'thawed', ['digest', 'worker', 'child']))

  test('what V8 draws does not repeat without getrandom', async () => {
    const args = ['random', 'context']
    const options = under('ENOSYS', String(NUMBERS.getrandom))
    const [one, other] = await Promise.all([start(chance, args, options), start(chance, args, options)])
    assert.equal(one.status, 0, one.stderr)
    const values = (text: string) =>
      (JSON.parse(text) as [string, string | number][]).map(([, value]) => value)
    const all = [...values(one.stdout), ...values(other.stdout)]
    assert.equal(new Set(all).size, all.length)
  })
})
