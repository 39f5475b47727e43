// `ingot why --start`: how an executable starts, and what a start has to be like.

import type { StartResult } from '../base/build-result.ts'
import { formatSize, startText } from './render.ts'

export function startDetails(start: StartResult): string {
  if (start.kind === 'cold') return `${startText(start)}\n`
  const { threads, descriptors, mappings, cpuFeatures } = start.captured
  const highest = descriptors.at(-1) ?? 0
  return [
    startText(start),
    '',
    `captured: ${formatSize(start.bytes)} of memory in ${mappings} mappings, ${threads} threads, ${descriptors.length} descriptors`,
    '',
    'A start goes on from there if all of this is so; else it is a cold one, from the same file:',
    ...list('variables that are not set', start.variables),
    ...list('arguments that are not given', start.arguments),
    ...(start.paths.length > 0 ? list('paths at which there is nothing', start.paths) : []),
    ...list('features of the processor', cpuFeatures),
    '  locale: American English, by LC_ALL, LC_MESSAGES and LANG',
    `  descriptors: 0 to 2 are open, and of ${descriptors[0] ?? 0} to ${highest} none is taken; the hard limit is above ${highest + 16}`,
    '  memory: 512 MB or more, and no limit of address space or data',
    '  rights: not set-user-id, and the system calls of a thaw are allowed',
    '  INGOT_START is not "cold", and it is no child that is to be node',
    '',
  ].join('\n')
}

function list(title: string, names: readonly string[]): string[] {
  return [`  ${title}: ${names.length > 0 ? names.join(', ') : 'none'}`]
}
