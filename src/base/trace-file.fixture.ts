// For tests only: a trace of a program that has used nothing.

import { TRACE_VERSION, type TraceFile } from './trace-file.ts'

export const NOTHING: TraceFile = {
  version: TRACE_VERSION,
  modules: [],
  files: [],
  directories: [],
  links: [],
  written: [],
  libraries: [],
  variables: [],
  listening: [],
  connections: [],
  processes: [],
}
