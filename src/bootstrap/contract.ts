// What a program needs from the world, and may do in it. The code for that is in the archives of programs with a
// contract only (contract/), and what enforces one only where it is enforced.

import type { Manifest } from '../format/archive.ts'
import type { Contract } from '../format/contract.ts'
import type { Variables } from './contract/variables.ts'
import type { Freezing } from './frozen.ts'
import type { Internals } from './internals.ts'
import { loadEmbeddedCode } from './own-code.ts'
import type { Archive } from './vfs/archive.ts'

export interface ContractHost {
  readonly internals: Internals
  readonly manifest: Manifest & { readonly contract: Contract }
  /** In a start that can be frozen. */
  readonly freezing: Freezing | undefined
  /** In a worker. */
  readonly job: object | undefined
  readonly development: object | undefined
  /** What workers get to know, too. */
  readonly shared: Shared
  /** For a contract that is enforced. */
  loadEnforcement(): EnforcementCode
}

/** What the code of an enforcement exports (contract/enforce.ts). */
export interface EnforcementCode {
  enforce(host: ContractHost): Enforcement
}

/** What decides in a thread or child, where the environment and the directory are the program's to choose. */
export interface Given {
  readonly directory: string
  /** In a thread. */
  readonly execPath?: string
  /** null: not set, and so it stays, whatever the environment has. */
  readonly variables: Readonly<Record<string, string | null>>
  /** Where programs are. */
  readonly searchPath: string
}

export interface Enforcement {
  /** What the thread or child was given. */
  readonly given: Given | undefined
  /** From here on. */
  begin(variables: Variables, execPath: string): void
}

export interface Shared {
  /** Of an enforced contract, the values that decide, as JSON. */
  contract: string | undefined
}

/**
 * Checks the contract, and enforces it from here on.
 * @param isProgram it is the program that begins, and not one of its scripts in a child
 */
export type BeginContract = (isProgram: boolean) => void

/** What the code of a contract exports. */
export interface ContractCode {
  /**
   * When all is installed, and before the program runs.
   * @returns to be called before anything of the program runs; what has been frozen calls it by itself when it is
   *   thawed, and so does a worker
   */
  install(host: ContractHost): BeginContract
}

/** Undefined for a program without a contract. */
export function installContract(
  archive: Archive,
  host: Omit<ContractHost, 'manifest' | 'loadEnforcement'> & { readonly manifest: Manifest },
): BeginContract | undefined {
  if (!host.manifest.contract) return undefined
  const load = (part: 'contract' | 'enforcement') => loadEmbeddedCode(host.internals, archive, part)
  const loadEnforcement = () => load('enforcement') as EnforcementCode
  const code = load('contract') as ContractCode
  return code.install({ ...host, loadEnforcement } as ContractHost)
}
