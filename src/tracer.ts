import { fileURLToPath } from 'node:url'

/** The debugger of freeze/used-pages.ts: launcher/trace-pages.c. */
export const TRACER = fileURLToPath(new URL('../launcher/prebuilt/linux-x64/trace-pages', import.meta.url))
