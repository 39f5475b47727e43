// Who is compared, in the order of the tables.

import { bun, bunBytecode, bunTrim } from './bun.ts'
import { deno } from './deno.ts'
import { go } from './go.ts'
import { ingot, ingotCold, ingotPackage } from './ingot.ts'
import { nodeSea } from './node-sea.ts'
import { plainNode } from './node.ts'
import { nub } from './nub.ts'
import type { Peer } from './peer.ts'
import { pkg } from './pkg.ts'

export const PEERS: readonly Peer[] = [
  ingot,
  ingotCold,
  ingotPackage,
  plainNode,
  nodeSea,
  bun,
  bunBytecode,
  bunTrim,
  deno,
  pkg,
  nub,
  go,
]
