// node's cryptography is all there inside: each of Wycheproof's vectors, through node:crypto and WebCrypto, comes out of an
// executable in an empty root as it does of plain Node, wrong ones included.

import assert from 'node:assert/strict'
import { cpSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { ingotBuild, REPOSITORY, runNode } from '../support/commands.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'
import { wycheproofVectors } from '../support/wycheproof.ts'

/** Some of each kind, for npm test. */
const QUICK = [
  'aes_cbc_pkcs5_test.json',
  'aes_ccm_test.json',
  'aes_gcm_test.json',
  'chacha20_poly1305_test.json',
  'dsa_2048_256_sha256_test.json',
  'ecdh_secp256r1_test.json',
  'ecdsa_secp256r1_sha256_p1363_test.json',
  'ecdsa_secp256r1_sha256_test.json',
  'ed448_test.json',
  'eddsa_test.json',
  'hkdf_sha256_test.json',
  'hmac_sha256_test.json',
  'hmac_sha3_256_test.json',
  'kw_test.json',
  'rsa_oaep_2048_sha256_mgf1sha256_test.json',
  'rsa_pkcs1_2048_test.json',
  'rsa_pss_2048_sha256_mgf1_32_test.json',
  'rsa_signature_2048_sha256_test.json',
  'x25519_asn_test.json',
  'x25519_jwk_test.json',
  'x448_asn_test.json',
]

/** What has many vectors of its own, or takes longest. */
const FAMILIES = [
  /^ecdsa_brainpool/,
  /^ecdsa/,
  /^ecdh_test/,
  /^ecdh_brainpool/,
  /^ecdh/,
  /^rsa_oaep/,
  /^rsa_signature/,
  /^rsa/,
  /^x/,
  /./,
]

suite('Wycheproof', () => {
  const directory = temporaryDirectory()
  const out = path.join(directory, 'vectors')
  /** Of an algorithm and interface; of one of its families. */
  const known = new Map<string, Counts>()
  let vectors: string

  before(async () => {
    vectors = await wycheproofVectors()
    cpSync(path.join(REPOSITORY, 'test/fixtures/wycheproof'), directory, { recursive: true })
    // Another version may know better.
    const runtime = `node@${process.versions.node}`
    await ingotBuild(['main.mjs', '-o', out, '--runtime', runtime], { cwd: directory })
  })

  /** Each line is a vector's verdict. */
  const verdicts = async (files: readonly string[]) => {
    const args = [vectors, ...files]
    const [plain, inside] = await Promise.all([
      runNode(['main.mjs', ...args], { cwd: directory, env: {} }),
      runInEmptyRoot(out, { args, binds: [vectors], timeoutMs: 170_000 }),
    ])
    assert.deepEqual([plain.status, inside.status, inside.stderr], [0, 0, plain.stderr])
    return [plain, inside].map(({ stdout }) => stdout.trim().split('\n')) as [string[], string[]]
  }

  const familyOf = (name: string) => FAMILIES.find((each) => each.test(name))!
  for (const family of THOROUGH ? FAMILIES : new Set(QUICK.map(familyOf))) {
    test(`every vector of ${family.source} has the verdict that it has under plain Node`, async (t) => {
      const all = THOROUGH ? readdirSync(vectors).toSorted() : QUICK
      const files = all.filter((name) => familyOf(name) === family)
      assert.ok(files.length > 0)
      const [expected, actual] = await verdicts(files)
      assert.equal(actual.length, expected.length)
      const differing = expected.flatMap((line, i) => (line === actual[i] ? [] : [[line, actual[i]]]))
      assert.deepEqual(differing.slice(0, 20), [])
      for (const [name, counts] of countsOf(actual)) {
        known.set(name, counts)
        const without = counts.absent > 0 ? `, ${counts.absent} that it cannot` : ''
        t.diagnostic(`${name}: ${counts.right} as the vector says, ${counts.other} not${without}`)
      }
    })
  }

  test('most of them are what the vectors say', () => {
    for (const name of ['AES-GCM', 'CHACHA20-POLY1305', 'ECDSA', 'ECDH', 'EDDSA', 'XDH', 'RSASSA-PSS']) {
      assert.ok(known.get(`${name} node`)!.right > 100, name)
      assert.ok(known.get(`${name} web`)!.right > 50, name)
    }
  })
})

interface Counts {
  right: number
  other: number
  absent: number
}

/** By algorithm and interface. */
function countsOf(lines: readonly string[]): Map<string, Counts> {
  const counts = new Map<string, Counts>()
  for (const line of lines) {
    const [, , which, algorithm, outcome] = line.split(' ')
    const name = `${algorithm} ${which}`
    if (!counts.has(name)) counts.set(name, { right: 0, other: 0, absent: 0 })
    counts.get(name)![outcome as keyof Counts] += 1
  }
  return counts
}
