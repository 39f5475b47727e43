// Which cryptography a program has inside: node's OpenSSL always, and what packages compute themselves. Packages that
// only ask node or WebCrypto for it (jose, cookie signers, HTTP clients) bring none, and are not listed.

import type { BuildInfo, CryptoInfo, NativeInfo, PackageInfo } from '../format/build-info.ts'
import type { AppGraph } from '../graph/graph.ts'

/** What they are without native code or .wasm files inside: some carry WebAssembly as text. */
const PURE = [
  'aes-js',
  'asmcrypto.js',
  'bcryptjs',
  'bip32',
  'blakejs',
  'browserify-aes',
  'browserify-cipher',
  'browserify-sign',
  'create-ecdh',
  'create-hash',
  'create-hmac',
  'crypto-browserify',
  'crypto-js',
  'des.js',
  'diffie-hellman',
  'ed2curve',
  'elliptic',
  'ethereum-cryptography',
  'hash.js',
  'hmac-drbg',
  'js-md5',
  'js-sha1',
  'js-sha256',
  'js-sha3',
  'js-sha512',
  'jsencrypt',
  'jsrsasign',
  'md5',
  'md5.js',
  'mlkem',
  'node-forge',
  'node-rsa',
  'openpgp',
  'pbkdf2',
  'public-encrypt',
  'ripemd160',
  'scrypt-js',
  'sha.js',
  'sha1',
  'sjcl',
  'sm-crypto',
  'sodium-javascript',
  'spark-md5',
  'tweetnacl',
]
const WASM = [
  'argon2-browser',
  'argon2id',
  'blake3-wasm',
  'hash-wasm',
  'libsodium',
  'libsodium-sumo',
  'libsodium-wrappers',
  'libsodium-wrappers-sumo',
  'tiny-secp256k1',
]
const NATIVE = [
  'argon2',
  'bcrypt',
  'bcrypto',
  'blake3',
  'keccak',
  'scrypt',
  'secp256k1',
  'sodium-native',
  '@napi-rs/blake-hash',
  '@node-rs/argon2',
  '@node-rs/bcrypt',
]
const PURE_SCOPES = ['@noble/', '@stablelib/', '@aws-crypto/sha']

/** Those of native ones that their platform packages carry: `@node-rs/argon2-linux-x64-gnu`. */
type Inside = { readonly graph: AppGraph; readonly native: readonly NativeInfo[] }

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
  return (
    [PURE, WASM, NATIVE].some((names) => names.includes(name)) ||
    PURE_SCOPES.some((scope) => name.startsWith(scope))
  )
}

/** By what is inside: some have a native and a pure half, and either may be missing. */
function kindOf({ name, path }: PackageInfo, { graph, native }: Inside): CryptoInfo['kind'] {
  const isOwn = (file: string) => file.startsWith(`${path}/`)
  if (native.some((code) => isOwn(code.path) || code.package.startsWith(`${name}-`))) return 'native'
  const hasWasm = graph.kept.some((file) => isOwn(file.path) && file.path.endsWith('.wasm'))
  if (hasWasm || WASM.includes(name)) return 'wasm'
  return 'pure'
}
