// How much of the tests that repeat themselves is run.

/** All, which takes some minutes more: in CI, and by .ci/run. */
export const THOROUGH = Boolean(process.env['CI'])
