// `ingot/runtime`: what a program can tell the executable that it is in. It speaks through a diagnostics channel,
// so that it needs nothing of ours: under plain node, and in a start that is not frozen, nobody listens.
// bootstrap/program-requests.ts is the other end.

import { channel } from 'node:diagnostics_channel'

const requests = channel('ingot.runtime')

/**
 * Marks where a frozen start is to go on: what the program has done by then is done once, by the build. Resolves
 * at once in every other start.
 *
 * A program that imports `ready` says that the date does not matter before: until then it may see the build's.
 * The process is frozen earlier where it draws something random, or looks at the command line, the terminal or
 * anything else that a build cannot know.
 */
export async function ready(): Promise<void> {
  requests.publish({ kind: 'ready' })
}

/**
 * Calls back once the process goes on from a frozen one, before `ready` resolves: to read a clock again, or to
 * open something. Where it was frozen in the middle of a call that node makes, the callback comes with the event
 * loop, within 50 ms. Never called in another start.
 */
export function onThaw(callback: () => void): void {
  requests.publish({ kind: 'on-thaw', callback })
}
