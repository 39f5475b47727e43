// What a start costs: six programs as Ingot's executables, as Bun's with and without bytecode, and under plain
// Node, paired; from a warm page cache and from a cold one.

import { spawnSync } from 'node:child_process'
import path from 'node:path'

import { NO_COMPILE_CACHE, PROGRAMS, writeProgram, type Program } from './programs.ts'
import type { Subject } from './sample.ts'

export interface Tools {
  readonly work: string
  readonly node: string
  readonly ingot: string
  readonly bun: string
}

/** By title, the ways to start each program; the first one is the reference. */
export async function startSubjects(tools: Tools): Promise<Map<string, Subject[]>> {
  const tables = new Map<string, Subject[]>()
  for (const program of PROGRAMS) {
    const directory = path.join(tools.work, program.name)
    await writeProgram(program, directory)
    for (const [title, subjects] of subjectsOf(program, directory, tools)) tables.set(title, subjects)
  }
  return tables
}

function subjectsOf(
  { entry, bundleEntry = entry, starts }: Program,
  directory: string,
  { node, ingot, bun }: Tools,
): [title: string, subjects: Subject[]][] {
  const bunBuild = ['build', '--compile', '--format=esm', bundleEntry, '--outfile']
  run(directory, bun, [...bunBuild, 'bun-bytecode', '--bytecode'])
  run(directory, bun, [...bunBuild, 'bun-plain'])
  run(directory, node, [
    ingot,
    'build',
    `program=${path.join(directory, entry)}`,
    '-o',
    'ingot-program',
    '-q',
  ])
  const at = (name: string) => path.join(directory, name)
  return starts.map(({ title, args, prints }) => {
    const common = { prints, cwd: directory, env: NO_COMPILE_CACHE }
    return [
      title,
      [
        { name: 'bun --bytecode', command: at('bun-bytecode'), args, ...common },
        { name: 'bun', command: at('bun-plain'), args, ...common },
        { name: 'ingot, frozen', command: at('ingot-program'), args, ...common },
        {
          name: 'ingot, cold',
          command: at('ingot-program'),
          args,
          ...common,
          env: { ...NO_COMPILE_CACHE, INGOT_START: 'cold' },
        },
        { name: 'node', command: node, args: [at(entry), ...args], ...common },
      ],
    ]
  })
}

function run(cwd: string, command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`)
}
