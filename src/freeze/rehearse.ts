// Lets a finished executable start where it can reach nothing (launcher/rehearse.c), to learn what a start
// needs: first cold, which modules it loads; then thawed, which pages it writes to. What is learnt changes no
// result, only how soon it is there; so whatever goes wrong in a rehearsal, the build goes on without it.

import { decodeTraining, NO_TRAINING, type Training } from '../format/training.ts'
import { TOO_LONG, withBuildRun } from './build-run.ts'
import type { TouchedPages } from './frozen-process.ts'
import { readTouchedPages } from './memory.ts'

/** A program that computes for longer is not waited for. */
const LONGEST_MS = 3000

export async function rehearseCold(file: string): Promise<Training> {
  const training = await withBuildRun(file, { mode: 'rehearse', longestMs: LONGEST_MS }, (_pid, report) => {
    let at = 0
    return decodeTraining((size) => report.subarray(at, (at += size)))
  })
  return 'reason' in training ? NO_TRAINING : training
}

/** @returns `endless`: the program computes for longer, and would whoever lets it run again */
export async function rehearseThaw(file: string): Promise<TouchedPages | 'endless' | undefined> {
  const touched = await withBuildRun(file, { mode: 'rehearse', longestMs: LONGEST_MS }, readTouchedPages)
  if (!('reason' in touched)) return touched
  return touched.reason === TOO_LONG ? 'endless' : undefined
}
