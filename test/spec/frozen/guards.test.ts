// A frozen executable does as its own cold start does, whatever it is started with: where the world is not as
// at the build, it starts cold, and where it is thawed, nobody can tell.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'

import { runInEmptyRoot } from '../../support/empty-root.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import {
  AS_BUILT,
  buildFrozen,
  COLD,
  comparable,
  compareStarts,
  howItStarted,
  skip,
  skipWithoutRoot,
  type Expected,
  type Start,
  type StartOptions,
} from './frozen.fixture.ts'

interface Row extends StartOptions {
  readonly program: 'facts' | 'variables' | 'endings'
  readonly args?: readonly string[]
  readonly skip?: string | false
}

const HOST = { PATH: '/usr/bin:/bin', HOME: '/no/such/home' }
const variables = (env: Record<string, string>): Row => ({ program: 'variables', env })
const facts = (...args: readonly string[]): Row => ({ program: 'facts', args, env: HOST })
const shell = (script: string, ...args: readonly string[]): Row => ({ ...facts(...args), script })
const ends = (ending: string): Row => ({ program: 'endings', args: [ending], env: HOST })

/** In a control group that may use so much. */
const withMemory = (mebibytes: number): string => `
own=$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup) root=/sys/fs/cgroup/memory file=memory.limit_in_bytes
[ -n "$own" ] || { own=$(sed -n 's/^0:://p' /proc/self/cgroup) root=/sys/fs/cgroup file=memory.max; }
group=$root$own/ingot-$$
mkdir "$group" && echo $((${mebibytes} << 20)) >"$group/$file" || exit 125
(echo 0 >"$group/cgroup.procs"; exec "$@")
status=$?
rmdir "$group"
exit $status`

/** Where the files of version 2 say so, whatever the machine has. */
const withVersion2 = (group: string, max: string, high: string): string => `
exec unshare --mount bash -c '
mount -t tmpfs none /sys/fs/cgroup && mkdir -p /sys/fs/cgroup${group} && echo "0::${group}" >/sys/fs/cgroup/own &&
  mount --bind /sys/fs/cgroup/own /proc/$$/cgroup || exit 125
echo ${max} >/sys/fs/cgroup${group}/memory.max
echo ${high} >/sys/fs/cgroup${group}/memory.high
exec "$@"' bash "$@"`

const noControlGroup =
  spawnSync('/bin/bash', ['-c', withMemory(512), 'bash', 'true'], { stdio: 'ignore' }).status !== 0 &&
  'no control group can be made'

const FACTS: readonly (readonly [title: string, expected: Expected, row: Row])[] = [
  ['no variable that it reads', 'thawed', variables({})],
  [
    'no variable at all',
    'thawed',
    { program: 'variables', script: 'exec env -i INGOT_START="$INGOT_START" "$@"' },
  ],
  ['NODE_ENV set', 'cold', variables({ NODE_ENV: 'production' })],
  ['NODE_ENV set to nothing', 'cold', variables({ NODE_ENV: '' })],
  ['a custom variable set', 'cold', variables({ CUSTOM: '1' })],
  ['variables with longer and shorter names', 'thawed', variables({ CUSTOMS: '1', CUSTO: '1' })],
  ['FORCE_COLOR set', 'cold', variables({ FORCE_COLOR: '3' })],
  ['DEBUG set', 'cold', variables({ DEBUG: '*' })],
  ['HOME, which it reads', 'cold', variables({ HOME: '/root' })],
  ['HOME, which it does not read', 'thawed', { ...facts('place'), env: { HOME: '/root' } }],
  ['no HOME', 'thawed', { ...facts('place'), env: {} }],
  ['a variable that it deletes', 'thawed', variables({ DELETED_EARLY: 'x' })],
  ['a variable that it sets', 'either', variables({ SET_EARLY: 'outside', AFTER: 'x' })],
  ['variables that it does not read', 'thawed', variables({ A: '1', B: 'ä', C: '' })],
  [
    '200 variables',
    'thawed',
    variables(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`V${i}`, `${i}`]))),
  ],
  ['NODE_OPTIONS', 'thawed', { ...facts('locale'), env: { ...HOST, NODE_OPTIONS: '--no-such-option' } }],
  [
    'hidden variables between others',
    'thawed',
    {
      ...facts('environment', 'environment-names', 'child'),
      env: {
        ...HOST,
        B: '1',
        NODE_OPTIONS: '--no-such-option',
        A: '2',
        LD_LIBRARY_PATH: '/x',
        OPENSSL_CONF: 'y',
        C: '',
      },
    },
  ],
  ['NODE_DEBUG', 'thawed', { ...facts('digest'), env: { ...HOST, NODE_DEBUG: 'none' } }],

  ['names of all variables', 'thawed', facts('environment-names', 'environment')],
  ['properties of process and Math', 'thawed', facts('properties', 'random')],
  [
    'arguments',
    'thawed',
    facts('command', '', ' ', '--', '-e', '--version', 'ä\u{1f600}', "it's", 'a\nb', '--node-options=x'),
  ],
  ['1000 arguments', 'thawed', facts('command', ...Array.from({ length: 1000 }, (_, i) => `${i}`))],
  ...(['node', '-sh', '', 'x'.repeat(4000), 'y'.repeat(5000)] as const).map(
    (name) =>
      [
        `argv[0] "${name.slice(0, 9)}"`,
        name.length < 4096 ? 'thawed' : 'cold',
        { ...shell('exec -a "$NAME" "$@"', 'command'), env: { ...HOST, NAME: name } },
      ] as const,
  ),
  ['another directory', 'thawed', { ...facts('place'), cwd: '/usr/bin' }],
  ['a directory that is gone', 'thawed', shell('d=$(mktemp -d); cd "$d"; rmdir "$d"; exec "$@"', 'digest')],
  ['umask', 'thawed', shell('umask 027; exec "$@"', 'place')],
  ['user and machine', 'thawed', facts('user', 'machine', 'heap')],
  ['limits', 'thawed', facts('limits')],
  ['TZ', 'thawed', { ...facts('zone'), env: { ...HOST, TZ: 'Asia/Kathmandu' } }],
  ['no TZ', 'thawed', facts('zone', 'locale')],
  ['LANG=de_DE.UTF-8', 'cold', { ...facts('locale'), env: { ...HOST, LANG: 'de_DE.UTF-8' } }],
  ['LC_ALL=sv_SE', 'cold', { ...facts('locale'), env: { ...HOST, LC_ALL: 'sv_SE', LANG: 'C' } }],
  ['LANG=C.UTF-8', 'thawed', { ...facts('locale'), env: { ...HOST, LANG: 'C.UTF-8' } }],
  ['LANG=en_US.UTF-8', 'thawed', { ...facts('locale'), env: { ...HOST, LANG: 'en_US.UTF-8' } }],
  ['LANG=en_GB.UTF-8', 'cold', { ...facts('locale'), env: { ...HOST, LANG: 'en_GB.UTF-8' } }],

  ['output to a pipe', 'thawed', shell('"$@" | cat', 'streams', 'terminal')],
  ['output to a file', 'thawed', shell('f=$(mktemp); "$@" >"$f"; cat "$f"; rm "$f"', 'streams', 'terminal')],
  ['input from /dev/null', 'thawed', shell('exec "$@" </dev/null', 'streams', 'terminal')],
  ['input closed', 'cold', shell('exec "$@" <&-', 'streams', 'terminal')],
  ['errors closed', 'cold', shell('exec "$@" 2>&-', 'streams')],
  ['input read at once', 'thawed', { ...facts('input'), input: 'some text\n' }],
  ['input read as it comes', 'thawed', { ...facts('input-events'), input: 'x'.repeat(200_000) }],
  [
    'a terminal',
    'thawed',
    shell('stty() { :; }; exec script -qec "$1 streams terminal" /dev/null </dev/null'),
  ],

  ['a hard limit of 64 descriptors', 'cold', shell('ulimit -n 64; exec "$@"', 'limits')],
  ['a soft limit of 64 descriptors', 'thawed', shell('ulimit -Sn 64; exec "$@"', 'limits')],
  ['a limit of the address space', 'cold', shell('ulimit -v 60000000; exec "$@"', 'limits')],
  ['a limit of the data', 'cold', shell('ulimit -d 60000000; exec "$@"', 'limits')],
  ['a small stack', 'thawed', shell('ulimit -Ss 1024; exec "$@"', 'limits')],
  ['a limit that prlimit sets', 'cold', shell('exec prlimit --as=60000000000 -- "$@"', 'digest')],
  [
    'descriptors 100 to 110 in use',
    'cold',
    {
      ...shell(
        'for i in 0 1 2 3 4 5 6 7 8 9 10; do eval "exec $((100 + i))</dev/null"; done; exec "$@"',
        'inherited-descriptors',
        'child-descriptors',
      ),
    },
  ],
  ['descriptor 9 in use', 'thawed', shell('exec 9</dev/null; exec "$@"', 'child-descriptors')],
  [
    'another user',
    'thawed',
    {
      ...shell('exec setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"', 'user', 'place'),
      skip: skipWithoutRoot,
    },
  ],

  [
    'a stack without a limit, and with it mappings from below',
    'either',
    shell('ulimit -s unlimited; exec "$@"', 'limits', 'digest'),
  ],
  ['mappings from below', 'either', shell('exec setarch --addr-compat-layout "$@"', 'digest', 'worker')],
  [
    'addresses that are not randomised',
    'thawed',
    shell('exec setarch --addr-no-randomize "$@"', 'digest', 'worker'),
  ],
  ['a limit of processes', 'thawed', shell('ulimit -u 4000; exec "$@"', 'limits', 'worker')],
  ['no core files', 'thawed', shell('ulimit -c 0; exec "$@"', 'limits')],
  ['a limit of locked memory', 'thawed', shell('ulimit -l 64; exec "$@"', 'limits')],
  ['one processor', 'thawed', shell('exec taskset 1 "$@"', 'machine', 'heap', 'worker')],
  ['no new privileges', 'thawed', shell('exec setpriv --no-new-privs -- "$@"', 'user', 'child')],
  ['SIGHUP ignored', 'thawed', shell('exec env --ignore-signal=HUP "$@"', 'signals', 'child')],
  [
    'signals blocked',
    'thawed',
    shell('exec env --block-signal=TERM --block-signal=USR2 "$@"', 'signals', 'child'),
  ],
  [
    'no network, another host name',
    'thawed',
    {
      ...shell('exec unshare --net --uts sh -c \'hostname elsewhere; exec "$@"\' sh "$@"', 'machine'),
      skip: skipWithoutRoot,
    },
  ],
  ...[400, 512, 700, 1300, 3001, 9000, 65_536].map(
    (mebibytes) =>
      [
        `${mebibytes} MiB of memory`,
        mebibytes < 512 ? 'cold' : 'thawed',
        { ...shell(withMemory(mebibytes), 'heap', 'worker'), skip: skipWithoutRoot || noControlGroup },
      ] as const,
  ),

  ...(
    [
      ['/', '734003200', 'max'],
      ['/a/b', '734003200', 'max'],
      ['/a/b', 'max', '1073741824'],
      ['/a/b', 'max', 'max'],
      ['/a/b', '1363148800', '734003200'],
    ] as const
  ).map(
    ([group, max, high]) =>
      [
        `memory.max ${max}, memory.high ${high} in ${group}`,
        'thawed',
        { ...shell(withVersion2(group, max, high), 'heap'), skip: skipWithoutRoot },
      ] as const,
  ),

  ['a child process', 'thawed', facts('child', 'child-descriptors')],
  ['a worker', 'thawed', facts('worker')],
  ['a server and a client', 'thawed', facts('fetch')],
  ['all at once', 'thawed', facts('fetch', 'worker', 'child', 'digest', 'locale', 'zone')],

  ...[
    'at-its-end',
    'exit',
    'exit-code',
    'throw',
    'reject',
    'abort',
    'early-handler',
    'late-handler',
    'SIGTERM',
    'SIGINT',
    'SIGHUP',
    'SIGKILL',
    'SIGALRM',
    'SIGPIPE',
  ].map((ending) => [`ending: ${ending}`, 'thawed', ends(ending)] as const),
]

suite('a frozen executable does as its cold start', { skip }, async () => {
  const work = temporaryDirectory()
  const programs: Record<Row['program'], string> = { facts: '', variables: '', endings: '' }
  if (!skip) {
    programs.facts = await buildFrozen(work, 'facts.mjs')
    programs.variables = await buildFrozen(work, 'variables.cjs')
    programs.endings = await buildFrozen(work, 'endings.cjs')
  }

  for (const [title, expected, { program, args = [], skip: reason = false, ...options }] of FACTS) {
    test(title, { skip: reason }, () => compareStarts(programs[program], args, options, expected))
  }

  test('frozen with locks that know their thread', async () => {
    await compareStarts(await buildFrozen(work, 'locked.cjs'), [], {}, 'thawed')
  })

  for (const proc of [true, false]) {
    test(
      `in an empty root as nobody, ${proc ? 'with' : 'without'} /proc`,
      { skip: skipWithoutRoot },
      async () => {
        const [asBuilt, cold] = (await Promise.all(
          [AS_BUILT, COLD].map(async (INGOT_START) => {
            const args = ['command', 'environment', 'place', 'streams', 'zone', 'locale', 'fetch', 'input']
            const env = { HOME: '/', INGOT_START }
            return howItStarted(await runInEmptyRoot(programs.facts, { args, env, proc, input: 'text' }))
          }),
        )) as [Start, Start]
        assert.equal(asBuilt.status, 0, asBuilt.stderr)
        assert.deepEqual(comparable(asBuilt), comparable(cold))
        assert.equal(asBuilt.started, proc ? 'thawed' : undefined)
      },
    )
  }
})
