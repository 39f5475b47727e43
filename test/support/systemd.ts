// A systemd of its own, as process 1 in new namespaces: it runs units as on a machine that has booted, and nothing of it
// is left. It sees the machine's files, and writes to a layer in memory. Needs root.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

import { needTool } from '../spec/elf/executable.fixture.ts'
import { run } from './commands.ts'
import type { Outcome } from './empty-root.ts'

/**
 * $1 a directory for the root, then pairs of a file and the absolute path that it has inside. What systemd wants to be
 * there is there: /dev/ptmx for PrivateDevices, mounts that propagate for credentials, and no chroot, in which nobody
 * gets a namespace of users.
 */
const BOOT = `set -e
root=$1; shift
mount --make-rprivate /
mount -t tmpfs tmpfs "$root"
mkdir "$root/upper" "$root/work" "$root/all"
mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/all"
new=$root/all
mount -t proc proc "$new/proc"
mount -t sysfs sysfs "$new/sys" -o ro
mount -t cgroup2 cgroup2 "$new/sys/fs/cgroup"
for each in run tmp dev; do mount -t tmpfs tmpfs "$new/$each"; done
for each in null zero full random urandom tty; do
  touch "$new/dev/$each"
  mount --bind "/dev/$each" "$new/dev/$each"
done
mkdir "$new/dev/pts" "$new/dev/shm"
mount -t devpts devpts "$new/dev/pts" -o newinstance,ptmxmode=0666
ln -s pts/ptmx "$new/dev/ptmx"
mount -t tmpfs tmpfs "$new/dev/shm"
echo 00000000000000000000000000000001 > "$new/etc/machine-id"
while [ $# -gt 0 ]; do
  mkdir -p "$(dirname "$new$2")"
  touch "$new$2"
  mount --bind "$1" "$new$2"
  shift 2
done
mkdir -p "$new/mnt/old"
cd "$new"
pivot_root . mnt/old
cd /
umount -l /mnt/old
mount --make-rshared /
ip link set lo up
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=basic.target --show-status=no --log-target=null
`

export interface Systemd {
  /** Runs a command where it is. */
  run(command: string, ...args: readonly string[]): Promise<Outcome>
  end(): Promise<void>
}

/** @param files by the absolute path that they have inside */
export async function bootSystemd(root: string, files: Readonly<Record<string, string>>): Promise<Systemd> {
  needTool('systemctl', 'systemd')
  needTool('ip', 'iproute2')
  const pairs = Object.entries(files).flatMap(([inside, file]) => [file, inside])
  const namespaces = ['--mount', '--pid', '--cgroup', '--uts', '--ipc', '--net', '--fork', '--kill-child']
  const outer = spawn('unshare', [...namespaces, '/bin/sh', '-c', BOOT, 'sh', root, ...pairs], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  outer.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const isOver = () => outer.exitCode !== null || outer.signalCode !== null
  const within = async (command: string, ...args: readonly string[]) => {
    const { stdout } = await run('pgrep', ['--parent', String(outer.pid)])
    const target = [
      '--target',
      stdout.trim(),
      '--mount',
      '--pid',
      '--cgroup',
      '--uts',
      '--ipc',
      '--net',
      '--root',
      '--wd',
    ]
    return run('nsenter', [...target, '--', command, ...args])
  }
  for (let left = 100; ; left--) {
    const { stdout } = await within('systemctl', 'is-system-running')
    if (/running|degraded/.test(stdout)) break
    if (left === 0 || isOver()) throw new Error(`systemd does not start: ${stdout}${said}`)
    await sleep(100)
  }
  return {
    run: within,
    async end() {
      outer.kill('SIGKILL')
      if (!isOver()) await once(outer, 'close')
    },
  }
}
