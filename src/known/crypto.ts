// Which cryptography a program has inside: node's OpenSSL always, and what packages compute themselves. Packages that
// only ask node, WebCrypto or each other for it (jose, create-hash, ethereum-cryptography) bring none, and are not listed.

import type { BuildInfo, CryptoInfo, NativeInfo, PackageInfo } from '../format/build-info.ts'
import type { AppGraph } from '../graph/graph.ts'

/** They carry WebAssembly, most of them as text in a module. */
const WASM = new Set([
  'argon2-browser',
  'argon2id',
  'blake3-wasm',
  'hash-wasm',
  'libsodium',
  'libsodium-sumo',
  'libsodium-wrappers',
  'libsodium-wrappers-sumo',
  'tiny-secp256k1',
])
/** Native or JavaScript, which the files inside tell. */
const OTHERS = new Set([
  '@napi-rs/blake-hash',
  '@node-rs/argon2',
  '@node-rs/bcrypt',
  'aes-js',
  'argon2',
  'asmcrypto.js',
  'bcrypt',
  'bcryptjs',
  'bcrypto',
  'blake3',
  'blakejs',
  'crypto-js',
  'des.js',
  'ed2curve',
  'elliptic',
  'hash.js',
  'hmac-drbg',
  'js-md5',
  'js-sha1',
  'js-sha256',
  'js-sha3',
  'js-sha512',
  'jsencrypt',
  'jsrsasign',
  'keccak',
  'md5',
  'md5.js',
  'mlkem',
  'node-forge',
  'node-rsa',
  'openpgp',
  'ripemd160',
  'scrypt',
  'scrypt-js',
  'secp256k1',
  'sha.js',
  'sha1',
  'sjcl',
  'sm-crypto',
  'sodium-javascript',
  'sodium-native',
  'spark-md5',
  'tweetnacl',
])
const PREFIXES = ['@noble/', '@stablelib/', '@aws-crypto/sha']

interface Inside {
  readonly graph: AppGraph
  readonly native: readonly NativeInfo[]
}

export function cryptoInside(
  components: BuildInfo['runtime']['components'],
  packages: readonly PackageInfo[],
  { graph, native }: Inside,
): CryptoInfo[] {
  const found = packages.flatMap((one): CryptoInfo[] => {
    const { name, version, path } = one
    if (!isCrypto(name)) return []
    return [{ name, version, package: path, kind: kindOf(one, { graph, native }) }]
  })
  return [
    { name: 'OpenSSL', version: components['openssl'] ?? '', package: undefined, kind: 'native' },
    ...found,
  ]
}

function isCrypto(name: string): boolean {
  return WASM.has(name) || OTHERS.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix))
}

function kindOf({ name, path }: PackageInfo, { graph, native }: Inside): CryptoInfo['kind'] {
  const isOwn = (file: string) => file.startsWith(`${path}/`)
  // Its own, or that of its package for the platform: `@node-rs/argon2-linux-x64-gnu`.
  if (native.some((code) => isOwn(code.path) || code.package.startsWith(`${name}-`))) return 'native'
  const hasWasm = graph.kept.some((file) => isOwn(file.path) && file.path.endsWith('.wasm'))
  return hasWasm || WASM.has(name) ? 'wasm' : 'pure'
}
