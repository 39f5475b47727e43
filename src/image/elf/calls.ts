// Functions of libuv, which are inside node, that node calls through the launcher: what they tell differs from start to start, and
// they make no system call to find it out.

import { loadsOf } from './check.ts'
import { PF_X } from './constants.ts'
import { offsetOf } from './dynamic.ts'
import { NO_EDITS, type NodeEdits } from './edits.ts'
import type { Launcher } from './launcher.ts'
import { machineOf } from './machine.ts'
import type { ElfFile } from './read.ts'
import { lookUpSymbols } from './symbols.ts'

/** Addresses for the launch table; 0 in a node that has them not. */
export function findCalled(node: ElfFile) {
  const found = lookUpSymbols(node, ['uv_os_environ', 'uv_get_process_title', 'uv_set_process_title'])
  return {
    osEnviron: found.uv_os_environ ?? 0,
    getTitle: found.uv_get_process_title ?? 0,
    setTitle: found.uv_set_process_title ?? 0,
  }
}

/** Every call of them becomes one of the launcher, where it has frozen starts. */
export function redirectCalls(node: ElfFile, { calls }: Launcher): NodeEdits {
  const { redirectedCalls } = machineOf(node)
  if (!redirectedCalls) return NO_EDITS
  const { osEnviron, getTitle, setTitle } = findCalled(node)
  const hooks = new Map([
    [osEnviron, calls.environ],
    [getTitle, calls.getTitle],
    [setTitle, calls.setTitle],
  ])
  hooks.delete(0) // of what it has not
  const patches = loadsOf(node)
    .filter(({ flags }) => (flags & PF_X) !== 0)
    .flatMap(({ virtualAddress, fileSize }) => {
      const start = offsetOf(node, virtualAddress)
      return redirectedCalls(node.bytes.subarray(start, start + fileSize), virtualAddress, hooks)
    })
  return { patches, cuts: [] }
}
