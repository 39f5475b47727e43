// A peer that could be installed, with a program that it has built.

import type { Installed, Peer, Project } from '../peers/peer.ts'
import type { Program, Start } from '../programs.ts'
import { NO_COMPILE_CACHE } from '../programs.ts'
import { checkOutput, type Subject } from '../sample.ts'

export interface Available {
  readonly peer: Peer
  readonly installed: Installed
}

/** One program built by one peer. */
export interface Built extends Available {
  readonly project: Project
  /** Undefined for who builds nothing. */
  readonly file: string | undefined
  readonly command: string
  readonly args: readonly string[]
}

export function startOf({ peer, command, args, project }: Built, start: Start): Subject {
  return {
    name: peer.name,
    command,
    args: [...args, ...start.args],
    cwd: project.directory,
    env: NO_COMPILE_CACHE,
    // The same program in another language may say it in other words.
    ...(!peer.isReference && { prints: start.prints }),
  }
}

/** Whether it does what it should, with this first start; the reason if it does not. */
export function faultOf(built: Built, program: Program): string | undefined {
  for (const start of program.starts) {
    try {
      checkOutput(startOf(built, start))
    } catch (error) {
      return shortened((error as Error).message)
    }
  }
  return undefined
}

/** The message without where this bench has its files. */
export function shortened(message: string): string {
  return message
    .replaceAll(/\/\S*ingot-bench-[^/\s]+/g, '…')
    .replaceAll(/\bhttps?:\/\/[^\s/)]+/g, '…')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 400)
}
