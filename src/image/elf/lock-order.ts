// Node's copy of Abseil, which V8 takes its mutexes from, is built with the check for deadlocks on: the first lock of a
// process makes a graph of all locks, of a megabyte and without a zero in it. It looks for mistakes of V8's own
// developers, no program has anything of it, and it would lie in every frozen process. Here it is switched off, as
// absl::SetMutexDeadlockDetectionMode(kIgnore) would.

import { viewOf } from '../../base/bytes.ts'
import { offsetOf } from './dynamic.ts'
import { NO_EDITS, type NodeEdits } from './edits.ts'
import { machineOf } from './machine.ts'
import type { ElfFile } from './read.ts'
import { lookUpSymbols } from './symbols.ts'

/** absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle), which stores its argument in the switch. */
const SETTER = '_ZN4absl29SetMutexDeadlockDetectionModeENS_15OnDeadlockCycleE'
const SETTER_SIZE = 16

/** enum class OnDeadlockCycle, absl/synchronization/mutex.h */
const IGNORE = 0
const REPORT = 1
const ABORT = 2

/** Nothing, in a node that has the switch elsewhere or not at all. */
export function withoutLockOrder(node: ElfFile): NodeEdits {
  const { [SETTER]: setter } = lookUpSymbols(node, [SETTER])
  if (setter === undefined) return NO_EDITS
  const at = offsetOf(node, setter)
  const address = machineOf(node).storedTo?.(node.bytes.subarray(at, at + SETTER_SIZE), setter)
  if (address === undefined) return NO_EDITS
  const mode = viewOf(node.bytes).getUint32(offsetOf(node, address), true)
  if (mode !== REPORT && mode !== ABORT) return NO_EDITS
  return { patches: [{ address, bytes: Uint8Array.from([IGNORE, 0, 0, 0]) }], cuts: [] }
}
