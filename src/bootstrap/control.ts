/** Paths that are messages to the launcher (launcher/control.c): below a file, so nobody's. */
export const CONTROL_ROOT = '/dev/null/ingot/'
