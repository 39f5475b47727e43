// A process that waited for its program is older than that. What programs measure is from when it began.

/** Entries of the performance timeline still count from the start of the process. */
export function countFromNow(): void {
  const prototype = Object.getPrototypeOf(performance) as Performance
  const { now } = prototype
  const { uptime } = process
  const waitedMs = performance.now()
  const timeOrigin = Date.now()
  replace(prototype, 'now', { now: (): number => now.call(performance) - waitedMs }.now)
  replace(process, 'uptime', { uptime: (): number => uptime() - waitedMs / 1000 }.uptime)
  Object.defineProperty(prototype, 'timeOrigin', {
    ...Object.getOwnPropertyDescriptor(prototype, 'timeOrigin'),
    get: () => timeOrigin,
  })
}

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { ...Object.getOwnPropertyDescriptor(target, name), value })
}
