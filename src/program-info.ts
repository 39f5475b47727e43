// What goes into an executable about itself: of a graph on its target, ready to be packed with it.

import path from 'node:path'

import { describeBuild, type Known } from './known/build-info.ts'
import { vcsOf, type WorkTree } from './known/git.ts'
import { packInfo } from './known/pack-info.ts'
import type { ArchiveFile } from './payload/payload.ts'
import type { PreparedTarget } from './prepare-target.ts'
import { runNode } from './runtimes/node-command.ts'

export interface ProgramFacts extends Pick<Known, 'version' | 'graph' | 'config' | 'native'> {
  readonly target: PreparedTarget
  /** Of builds for shipping. */
  readonly tree: WorkTree | undefined
}

/** @param files the graph's, as the archive has them */
export async function programInfo(
  { target: { runtime, libraries, base, tools }, tree, ...facts }: ProgramFacts,
  files: readonly ArchiveFile[],
): Promise<Uint8Array> {
  const { graph } = facts
  const own = [...graph.bundled, ...graph.kept.map((file) => file.path)].filter(
    (file) => !file.includes('node_modules/'),
  )
  const vcs = vcsOf(
    tree,
    own.map((file) => path.join(graph.root, file)),
  )
  const isCompiledAtStart = tools.target === undefined
  const { components, leftOut } = base
  const info = describeBuild({
    ...facts,
    files,
    runtime,
    libraries,
    isCompiledAtStart,
    components,
    leftOut,
    vcs,
  })
  return packInfo(info, (args, input) => runNode(tools.here, args, { cwd: '/', input }))
}
