// What a deployment needs to know of a program: its contract with the values of one deployment filled in.

import type { Address } from '../format/contract-address.ts'

/** All paths absolute, on the machine that the program is deployed to. */
export interface Deployment {
  /** A DNS label (RFC 1035). */
  readonly name: string
  readonly version: string | undefined
  readonly executable: string
  readonly args: readonly string[]
  /** Without a contract nothing is known of what the program needs: then only that is forbidden which no server does. */
  readonly hasContract: boolean
  readonly variables: readonly Variable[]
  /** That have no value, and need none. */
  readonly unset: readonly Omit<Variable, 'value'>[]
  readonly secrets: readonly Secret[]
  /** Variables that name a file which is secret, like a key's: the deployment brings the file, and sets the path. */
  readonly secretFiles: readonly Omit<Secret, 'required'>[]
  /** The program is started in it. */
  readonly directory: string
  readonly reads: readonly string[]
  /** Directories, or files that are there already. */
  readonly writes: readonly string[]
  readonly ports: readonly Port[]
  /** Listens on more than `ports`, but not yet known where. */
  readonly hasUnknownPorts: boolean
  readonly connects: readonly Address[]
  /** Connects to more than `connects`: a secret says where, say. */
  readonly hasUnknownConnects: boolean
  /** Programs of the machine. */
  readonly run: readonly string[]
  /** Loads modules that are not inside, from the machine's disk. */
  readonly loadsFromDisk: boolean
}

export interface Variable {
  readonly name: string
  readonly value: string
  readonly description: string | undefined
}

export interface Secret {
  readonly name: string
  readonly required: boolean
  readonly description: string | undefined
}

export interface Port {
  /** A DNS label of at most 15 characters. */
  readonly name: string
  readonly port: number
  /** Only this address of the machine. */
  readonly host: string | undefined
  /** By which it can be changed. */
  readonly variable: string | undefined
  /** It is to be this one: the contract or the user says so, and it is not only what a variable has by default. */
  readonly isFixed: boolean
}

/** A kind of deployment file. */
export interface Format {
  /** Where a program is started that has relative paths in its contract. */
  workingDirectory(name: string): string
  /** Where it finds a file that is secret. */
  secretFile(name: string, variable: string): string
  render(deployment: Deployment): string
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

export function isBelow(file: string, directory: string): boolean {
  return file === directory || file.startsWith(`${directory}/`)
}

/** Whether a path of a contract is rather a file than a directory; the contract does not say. */
export function isFileName(file: string): boolean {
  return /[^/.][^/]*\.[^/.]+$/.test(file)
}

/** The directory that has to be writable for a path that a program writes. */
export function directoryFor(file: string): string {
  return isFileName(file) ? directoryOf(file) : file
}

export function directoryOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/')) || '/'
}

export function nameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1)
}
