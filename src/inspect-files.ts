// What is said of finished executables, for the command line: none of them is run.

export { compareExecutables } from './inspect/read-executable.ts'
export type { Change, Changes, Differences } from './inspect/differences.ts'
