// What is measured. A value is of one figure, one program (or one of its starts) and one peer; an error stands where
// there is none.

export interface Figure {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly best: 'lowest' | 'highest'
  readonly digits: number
  /** How it is measured, for the page. */
  readonly about: string
  /** Issue 8 wants Ingot to be first there. */
  readonly isAim?: true
}

export const FIGURES = {
  'build-cold': {
    name: 'build-cold',
    title: 'Build, cold',
    unit: 's',
    best: 'lowest',
    digits: 2,
    about: 'Once, with the tool’s own caches empty: what has to be downloaded (a Node, glibc) is downloaded.',
  },
  'build-warm': {
    name: 'build-warm',
    title: 'Build, warm',
    unit: 's',
    best: 'lowest',
    digits: 3,
    about:
      'The same build again, nothing changed; the output is there already, and replaced. Median (minimum), in turns.',
    isAim: true,
  },
  'build-edited': {
    name: 'build-edited',
    title: 'Build after an edit',
    unit: 's',
    best: 'lowest',
    digits: 3,
    about: 'A line of the program’s own file has changed since the last build. Median (minimum), in turns.',
  },
  size: {
    name: 'size',
    title: 'File size',
    unit: 'MB',
    best: 'lowest',
    digits: 1,
    about: 'In millions of bytes. For plain Node: Node itself, without sources and packages.',
  },
  compressed: {
    name: 'compressed',
    title: 'Compressed',
    unit: 'MB',
    best: 'lowest',
    digits: 1,
    about: 'By `gzip -6`, as container registries keep it.',
  },
  start: {
    name: 'start',
    title: 'Start to the first output',
    unit: 'ms',
    best: 'lowest',
    digits: 1,
    about:
      'Until the first byte is printed, from a warm page cache; median (minimum), in turns. NODE_DISABLE_COMPILE_CACHE=1, as tsc and prettier look faster with a cache that they write to /tmp.',
    isAim: true,
  },
  'memory-idle': {
    name: 'memory-idle',
    title: 'Memory of an idle server, RSS',
    unit: 'MB',
    best: 'lowest',
    digits: 1,
    about:
      'VmRSS of all its processes, two seconds after it listens. Includes pages of the file that the kernel may take back.',
  },
  'memory-idle-pss': {
    name: 'memory-idle-pss',
    title: 'Memory of an idle server, PSS',
    unit: 'MB',
    best: 'lowest',
    digits: 1,
    about: 'The same with pages that several processes share counted in part.',
  },
  'memory-loaded': {
    name: 'memory-loaded',
    title: 'Memory of a server after load, RSS',
    unit: 'MB',
    best: 'lowest',
    digits: 1,
    about: 'VmRSS when all requests are answered.',
  },
  throughput: {
    name: 'throughput',
    title: 'Requests per second',
    unit: '/s',
    best: 'highest',
    digits: 0,
    about:
      '`wrk -t1 -c32` on one core, the server on another; all servers are up, and loaded in turns. Median (maximum) of the rounds.',
  },
  places: {
    name: 'places',
    title: 'Places where it runs',
    unit: '',
    best: 'highest',
    digits: 0,
    about: 'The one file, copied there and nothing else; see the table of places.',
    isAim: true,
  },
  'files-written': {
    name: 'files-written',
    title: 'Files written by a start',
    unit: '',
    best: 'lowest',
    digits: 0,
    about:
      'Files and directories that a first start makes or opens for writing, with an empty home and an empty temporary directory (strace).',
    isAim: true,
  },
} as const satisfies Record<string, Figure>

export type FigureName = keyof typeof FIGURES

export interface Value {
  readonly figure: FigureName
  /** The program, or its start. */
  readonly of: string
  readonly peer: string
  readonly value?: number
  /** The best of the runs of which `value` is the median. */
  readonly extreme?: number
  /** Why there is no value. */
  readonly error?: string
  /** More about it, for people. */
  readonly detail?: string
}
