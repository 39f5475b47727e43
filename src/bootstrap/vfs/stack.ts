// Errors look as they do under plain node: without the frames of the functions that stand in for the
// native ones, and without a line of this file as the line that threw.

/** node's mark on an error whose source line it has shown already. */
let decorated: symbol | undefined

export function installErrorMarks(privateSymbols: Record<string, symbol>): void {
  decorated = privateSymbols['decorated_private_symbol']
}

/** As if thrown by the native function that `standIn` replaces. */
export function comingFrom(standIn: (...args: any[]) => unknown, error: unknown): unknown {
  if (error instanceof Error) {
    Error.captureStackTrace(error, standIn)
    if (decorated) (error as any)[decorated] = true
  }
  return error
}

/** As if made by libuv, where no JavaScript runs. */
export function fromNowhere(error: unknown): unknown {
  if (error instanceof Error) error.stack = `${error.name}: ${error.message}`
  return error
}
