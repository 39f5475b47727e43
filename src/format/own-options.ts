/** Node's options in every executable: for the bootstrap, and so that nobody who may send SIGUSR1 looks inside. */
export const OWN_OPTIONS = ['--expose-internals', '--disable-sigusr1']
