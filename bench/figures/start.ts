// How soon a program says something.

import type { Program } from '../programs.ts'
import { sampleFirstOutput } from '../sample.ts'
import type { Value } from './figure.ts'
import { startOf, type Built } from './subject.ts'

export async function starts(built: readonly Built[], program: Program, rounds: number): Promise<Value[]> {
  const values: Value[] = []
  for (const start of program.starts) {
    const subjects = built.map((one) => startOf(one, start))
    for (const { name, medianMs, minimumMs } of await sampleFirstOutput(subjects, rounds))
      values.push({ figure: 'start', of: start.title, peer: name, value: medianMs, extreme: minimumMs })
  }
  return values
}
