// How much of the tests that repeat themselves is run.

/** All, which takes some minutes more: in CI, and by .ci/run. */
export const THOROUGH = Boolean(process.env['CI'])

/** Of builds for tests that are not about how a program starts: a frozen one takes twice as long to build. */
export const START: readonly string[] = THOROUGH ? [] : ['--start', 'cold']
