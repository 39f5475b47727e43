// What Node's copy of Abseil, which V8 takes its mutexes from, does without use for a program.
//
// It is built with the check for deadlocks on: the first lock of a process makes a graph of all locks, of a megabyte and
// without a zero in it. It looks for mistakes of V8's own developers, and it would lie in every frozen process. Here it
// is switched off, as absl::SetMutexDeadlockDetectionMode(kIgnore) would.
//
// A thread that waits for a lock looks at its own priority, and again when a second's cycles have passed. How many these
// are the first one measures, in most virtual machines by sleeping for 3 ms or more. Here it is told a number.

import { viewOf } from '../../base/bytes.ts'
import { offsetOf } from './dynamic.ts'
import { joinEdits, NO_EDITS, type NodeEdits } from './edits.ts'
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

/** absl::base_internal::NominalCPUFrequency(), whose only use that is */
const FREQUENCY = '_ZN4absl13base_internal19NominalCPUFrequencyEv'
/** In cycles per second. */
const ANY_FREQUENCY = 1e9

/** Nothing, in a node that has these elsewhere or not at all. */
export function quietAbseil(node: ElfFile): NodeEdits {
  return joinEdits([withoutLockOrder(node), withoutMeasuring(node)])
}

function withoutMeasuring(node: ElfFile): NodeEdits {
  const { [FREQUENCY]: address } = lookUpSymbols(node, [FREQUENCY])
  const bytes = machineOf(node).constant?.(ANY_FREQUENCY)
  return address === undefined || !bytes ? NO_EDITS : { patches: [{ address, bytes }], cuts: [] }
}

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
