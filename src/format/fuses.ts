// What the environment may do to an executable: bits in its launch table, set by the build and by `ingot fuse`.
// launcher/layout.h says the same to the launcher.

/** Closed unless it says otherwise. */
export const FUSES = {
  /** INGOT_RUN_AS_NODE=1 makes the executable node. */
  runAsNode: 1,
  /** --inspect… on the command line, and SIGUSR1. */
  inspector: 2,
  nodeOptions: 4,
  /** The machine's certificates are trusted beside node's. */
  systemCa: 8,
  /** NODE_EXTRA_CA_CERTS and SSL_CERT_FILE and SSL_CERT_DIR. */
  extraCa: 16,
  /** Modules and addons that are not inside may be loaded. Open by default. */
  codeFromDisk: 32,
  /** A crash may leave a core file. Open by default. */
  coreDumps: 64,
  /** INGOT_START=cold starts cold. Open by default. */
  coldStart: 128,
  /** Each start checks the signature, and all of the file. */
  signature: 256,
} as const

/**
 * Among them, and no fuse: what of node only addons and code from the disk use is not inside, as node's functions in C++ by name
 * (link-elf.ts). `codeFromDisk` stays closed then.
 */
export const WITHOUT_EXPORTS = 1 << 16

export type Fuse = keyof typeof FUSES
export type FuseSettings = Readonly<Record<Fuse, boolean>>

export const FUSE_NAMES = Object.keys(FUSES) as readonly Fuse[]

export const DEFAULT_FUSES = FUSES.codeFromDisk | FUSES.coreDumps | FUSES.coldStart

/** With one of these every start boots: node has to be told something, or the file to be checked before anything runs. */
export const COLD_FUSES = ['inspector', 'systemCa', 'signature'] as const satisfies readonly Fuse[]

export function readFuses(bits: number): FuseSettings {
  return Object.fromEntries(FUSE_NAMES.map((name) => [name, (bits & FUSES[name]) !== 0])) as FuseSettings
}

/** @param bits what holds for the fuses that are not named, and bits that nobody here knows */
export function withFuses(bits: number, settings: Partial<FuseSettings>): number {
  return FUSE_NAMES.reduce((sum, name) => {
    const isOpen = settings[name]
    if (isOpen === undefined) return sum
    return isOpen ? sum | FUSES[name] : sum & ~FUSES[name]
  }, bits)
}
