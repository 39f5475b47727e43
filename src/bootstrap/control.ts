/** Paths that are messages to the launcher (launcher/control.c): below a file, so nobody's. */
export const CONTROL_ROOT = '/dev/null/ingot/'
/** Of a build run: what the launcher reports on (launcher/frozen.h), and the bootstrap reads from and writes to. */
export const REPORT_DESCRIPTOR = 3
