// What stopped a build run, in words.

/** launcher/frozen.h, BARRIER_* */
const OWN: Record<number, string> = {
  [-1]: 'the command line, the terminal, the process number or Math.random is looked at',
  [-2]: 'the date is read',
  [-3]: 'native code asks for the process number',
  [-4]: 'random bytes are drawn',
  [-5]: 'what comes after ready()',
  [-7]: 'all variables are asked for',
  [-8]: "the process's title is read",
}

/** asm/unistd_64.h; the ones that programs meet first. */
const SYSTEM_CALLS: Record<number, string> = {
  0: 'read',
  1: 'write',
  3: 'close',
  4: 'stat',
  5: 'fstat',
  6: 'lstat',
  7: 'poll',
  16: 'ioctl',
  21: 'access',
  22: 'pipe',
  35: 'nanosleep',
  39: 'getpid',
  41: 'socket',
  53: 'socketpair',
  56: 'clone',
  57: 'fork',
  58: 'vfork',
  59: 'execve',
  62: 'kill',
  63: 'uname',
  72: 'fcntl',
  79: 'getcwd',
  80: 'chdir',
  89: 'readlink',
  95: 'umask',
  97: 'getrlimit',
  98: 'getrusage',
  99: 'sysinfo',
  102: 'getuid',
  104: 'getgid',
  107: 'geteuid',
  108: 'getegid',
  110: 'getppid',
  204: 'sched_getaffinity',
  231: 'exit_group',
  232: 'epoll_wait',
  257: 'openat',
  262: 'newfstatat',
  267: 'readlinkat',
  269: 'faccessat',
  281: 'epoll_pwait',
  302: 'prlimit64',
  318: 'getrandom',
  332: 'statx',
}

const WORDS: Record<string, string> = {
  exit_group: 'the program ends',
  epoll_wait: 'the program waits',
  epoll_pwait: 'the program waits',
}

/**
 * After "frozen before".
 * @param number struct freeze_record's
 * @param path what a system call is about
 */
export function nameBarrier(number: number, path: string | undefined): string {
  const own = OWN[number]
  if (own !== undefined) return own
  const name = SYSTEM_CALLS[number] ?? `system call ${number}`
  return WORDS[name] ?? `${name}(2)${path === undefined ? '' : ` of ${path}`}`
}
