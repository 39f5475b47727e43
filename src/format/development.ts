// What `ingot dev` and a process that it runs say to each other: through files beside its executable, a byte when it is to
// begin, and node's channel between processes once it runs.

import type { TouchReport } from './touches.ts'

/** The files of a process, by the executable that it was started as. */
export const besideExecutable = (executable: string) => ({
  /** The archive (launcher/development.c). */
  payload: `${executable}.payload`,
  /** That of the process before, for getting ready. */
  spare: `${executable}.spare`,
  /** What was loaded then: `Loaded` as JSON. */
  loaded: `${executable}.loaded`,
  order: `${executable}.order`,
  reports: `${executable}.reports`,
  /** src/bootstrap/development/, as one file. */
  code: `${executable}.js`,
})

/** What is to be known before the program begins. */
export interface Order {
  /** The real directory that the virtual root stands for. */
  readonly root: string
  /** Sockets that listen already. */
  readonly sockets: readonly { readonly descriptor: number; readonly key: string }[]
  readonly inspect?: InspectorPlace
  /** What it touches is to be reported (recorder.ts). */
  readonly record?: {
    /** Packages that were left out on request: nothing of them is found on the disk either. */
    readonly external: readonly string[]
  }
}

export interface InspectorPlace {
  readonly host: string
  readonly port: number
  /** The program does not begin before a debugger is there. */
  readonly wait: boolean
}

/** By the program. A socket comes along with `connection`, and with `listening` unless it was one of the order's. */
export type ProgramMessage =
  | { readonly kind: 'listening'; readonly key: string; readonly url: string | undefined }
  | { readonly kind: 'closed'; readonly key: string }
  /** One that has answered all requests on it, and is the next program's now. */
  | { readonly kind: 'connection'; readonly key: string }
  /** Every request that was there is answered. */
  | { readonly kind: 'retired' }
  | { readonly kind: 'inspector'; readonly url: string | undefined }

/** To the program. */
export type SupervisorMessage =
  /** Another one listens on its sockets. */
  | { readonly kind: 'retire' }
  | { readonly kind: 'connection'; readonly key: string }
  | { readonly kind: 'inspector'; readonly place: InspectorPlace | undefined }

export interface Loaded {
  /** Paths in the archive, in the order in which they were loaded. */
  readonly modules: readonly string[]
  readonly builtins: readonly string[]
}

/** A line of the file beside the executable, by any thread and child of the program. */
export type Report = ({ readonly kind: 'loaded' } & Loaded) | HostFileReport | TouchReport

/** A file of the machine that was opened for reading. */
export interface HostFileReport {
  readonly kind: 'host-file'
  readonly file: string
  /** Who did it, as far as known; the file may be embedded. */
  readonly at?: { readonly file: string; readonly line: number; readonly column: number }
}
