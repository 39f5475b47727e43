import { FUSE_NAMES, type Fuse } from '../format/fuses.ts'
import type { FuseResult } from '../fuse.ts'

const BRIEFS: Readonly<Record<Fuse, string>> = {
  runAsNode: 'INGOT_RUN_AS_NODE=1 makes it node',
  inspector: '--inspect and its kin as first arguments, and SIGUSR1, open the inspector',
  nodeOptions: 'NODE_OPTIONS counts',
  systemCa: 'the machine’s certificates are trusted, too',
  extraCa: 'NODE_EXTRA_CA_CERTS, SSL_CERT_FILE and SSL_CERT_DIR count',
  codeFromDisk: 'modules and addons that are not inside are loaded',
  coreDumps: 'a crash may leave a core file, and debuggers may attach',
  coldStart: 'INGOT_START=cold starts cold',
  signature: 'each start checks the signature, and all of the file',
}

export function renderFuses({ fuses, changed, hasLostSignature }: FuseResult): string {
  const width = Math.max(...FUSE_NAMES.map((name) => name.length))
  const rows = FUSE_NAMES.map((name) => {
    const state = (fuses[name] ? 'on' : 'off').padEnd(3)
    const was = changed.includes(name) ? `  (was ${fuses[name] ? 'off' : 'on'})` : ''
    return `${name.padEnd(width)}  ${state}  ${BRIEFS[name]}${was}\n`
  })
  const lost = hasLostSignature ? 'The signature was of the old fuses and is gone: sign it again.\n' : ''
  return rows.join('') + lost
}
