// Errors of embedded files, the same objects that node makes from libuv's errors.

import type { Internals } from '../internals.ts'

export type ErrorCode =
  | 'ENOENT'
  | 'ENOTDIR'
  | 'ELOOP'
  | 'EISDIR'
  | 'EROFS'
  | 'EEXIST'
  | 'EINVAL'
  | 'EBADF'
  | 'EACCES'
  | 'EXDEV'

export interface ErrorFactory {
  (code: ErrorCode, syscall: string, path?: unknown, dest?: unknown): Error & { code: string }
}

export function createErrorFactory(internals: Pick<Internals, 'uv' | 'errors'>): ErrorFactory {
  // Made when the first error is: most starts have none.
  let numbers: Map<string, number> | undefined
  const numberOf = (code: string) => {
    numbers ??= new Map([...internals.uv.getErrorMap()].map(([errno, [name]]) => [name, errno]))
    return numbers.get(code)
  }
  return (code, syscall, path, dest) => {
    const context = { errno: numberOf(code), code, syscall, path, dest }
    return new internals.errors.UVException(context) as Error & { code: string }
  }
}
