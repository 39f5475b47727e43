// node's cryptography is all there inside: each of Wycheproof's vectors, through node:crypto and WebCrypto, comes out of an
// executable in an empty root as it does of plain Node, wrong ones included.

import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

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
  'ecdh_webcrypto_test.json',
  'ecdsa_secp256r1_sha256_p1363_test.json',
  'ecdsa_secp256r1_sha256_test.json',
  'ed448_test.json',
  'eddsa_test.json',
  'hkdf_sha256_test.json',
  'hmac_sha256_test.json',
  'hmac_sha3_256_test.json',
  'kw_test.json',
  'primality_test.json',
  'rsa_oaep_2048_sha256_mgf1sha256_test.json',
  'rsa_pkcs1_2048_test.json',
  'rsa_pss_2048_sha256_mgf1_32_test.json',
  'rsa_signature_2048_sha256_test.json',
  'x25519_asn_test.json',
  'x25519_jwk_test.json',
  'x448_asn_test.json',
]

suite('Wycheproof', () => {
  const directory = temporaryDirectory()

  test('every vector has the verdict that it has under plain Node', async (t) => {
    const vectors = await wycheproofVectors()
    cpSync(path.join(REPOSITORY, 'test/fixtures/wycheproof'), directory, { recursive: true })
    const out = path.join(directory, 'vectors')
    await ingotBuild(['main.mjs', '-o', out], { cwd: directory })
    const args = [vectors, ...(THOROUGH ? [] : QUICK)]
    const env = { NODE_NO_WARNINGS: '1' }
    const [plain, inside] = await Promise.all([
      runNode(['main.mjs', ...args], { cwd: directory, env }),
      runInEmptyRoot(out, { args, env, binds: [vectors], timeoutMs: 170_000 }),
    ])
    assert.deepEqual([plain.status, inside.status, inside.stderr], [0, 0, plain.stderr])
    const expected = plain.stdout.trim().split('\n')
    const actual = inside.stdout.trim().split('\n')
    assert.equal(actual.length, expected.length)
    const differing = expected.flatMap((line, i) => (line === actual[i] ? [] : [[line, actual[i]]]))
    assert.deepEqual(differing.slice(0, 20), [])

    const counts = countsOf(actual)
    for (const [name, { right, other, absent }] of counts) {
      const without = absent > 0 ? `, ${absent} that it cannot` : ''
      t.diagnostic(`${name}: ${right} as the vector says, ${other} not${without}`)
    }
    for (const name of ['AES-GCM', 'CHACHA20-POLY1305', 'ECDSA', 'ECDH', 'EDDSA', 'XDH', 'RSASSA-PSS']) {
      assert.ok(counts.get(`${name} node`)!.right > 100, name)
      assert.ok(counts.get(`${name} web`)!.right > 50, name)
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
