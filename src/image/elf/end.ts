// Functions of node by which the launcher ends a process that has cleaned up (launcher/end.c). All but V8's are in node's
// API for embedders (src/node.h), and there since Node 12.

import type { ElfFile } from './read.ts'
import { lookUpSymbols } from './symbols.ts'

const FUNCTIONS = {
  endIsolate: '_ZN2v87Isolate10GetCurrentEv',
  endContext: '_ZN2v87Isolate17GetCurrentContextEv',
  endEnvironment: '_ZN4node21GetCurrentEnvironmentEN2v85LocalINS0_7ContextEEE',
  endAtExit: '_ZN4node6AtExitEPNS_11EnvironmentEPFvPvES2_',
  endHandler: '_ZN4node25DefaultProcessExitHandlerEPNS_11EnvironmentEi',
} as const

type Ending = Readonly<Record<keyof typeof FUNCTIONS, number>>

/** Their addresses; 0 for all where one of them is missing. */
export function findEnding(node: ElfFile): Ending {
  const found = lookUpSymbols(node, Object.values(FUNCTIONS))
  const isComplete = Object.values(FUNCTIONS).every((name) => found[name] !== undefined)
  const entries = Object.entries(FUNCTIONS).map(([field, name]) => [field, isComplete ? found[name] : 0])
  return Object.fromEntries(entries) as Ending
}
