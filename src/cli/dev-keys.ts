// Single keys of the terminal.

export interface Keys {
  /** From now on they are ours; false if they have been, or there is no terminal. */
  begin(): boolean
  /** Somebody else has had the terminal. */
  renew(): void
  end(): void
}

export function watchKeys(actions: Readonly<Record<string, () => unknown>>): Keys {
  const { stdin } = process
  let hasBegun = false
  const onData = (data: Buffer): void => {
    for (const key of data.toString()) actions[key]?.()
  }
  return {
    begin() {
      if (hasBegun || !stdin.isTTY) return false
      hasBegun = true
      stdin.setRawMode(true).resume().on('data', onData)
      return true
    },
    renew() {
      // The mode is not set where it is believed to be set.
      if (hasBegun) stdin.setRawMode(false).setRawMode(true)
    },
    end() {
      if (hasBegun) stdin.setRawMode(false).off('data', onData).pause()
    },
  }
}
