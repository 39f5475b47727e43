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

export function createErrorFactory({ uv, errors }: Pick<Internals, 'uv' | 'errors'>): ErrorFactory {
  const numbers = new Map<string, number>()
  for (const [errno, [code]] of uv.getErrorMap()) numbers.set(code, errno)
  return (code, syscall, path, dest) => {
    const context = { errno: numbers.get(code), code, syscall, path, dest }
    return new errors.UVException(context) as Error & { code: string }
  }
}
