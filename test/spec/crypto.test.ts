// Cryptography in a root that has nothing but the program: no OpenSSL, no certificates, no /proc, no libraries. Packages of
// every kind and what node brings itself say what they say under plain Node.

import assert from 'node:assert/strict'
import { copyFileSync, cpSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { REPOSITORY, run } from '../support/commands.ts'
import { sameAsPlainNode } from '../support/compare.ts'
import { writeFiles } from '../support/files.ts'
import { installed } from '../support/installed.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { needTool } from './elf/executable.fixture.ts'

const FIXTURE = path.join(REPOSITORY, 'test/fixtures/crypto')

suite('cryptography', () => {
  const directory = temporaryDirectory()

  before(async () => {
    const packages = await installed(FIXTURE)
    cpSync(path.join(packages, 'node_modules'), path.join(directory, 'node_modules'), { recursive: true })
    for (const name of readdirSync(FIXTURE))
      copyFileSync(path.join(FIXTURE, name), path.join(directory, name))
  })

  test('argon2, bcrypt, sodium-native, libsodium-wrappers and @noble', async () => {
    const { native, diagnostics } = await sameAsPlainNode(directory, 'packages.mjs')
    const brought = new Set(native.map((code) => code.package))
    for (const name of ['argon2', 'bcrypt', 'sodium-native']) assert.ok(brought.has(name), name)
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity !== 'info'),
      [],
    )
  })

  test('every hash, cipher and curve, and derivations', async () => {
    await sameAsPlainNode(directory, 'primitives.mjs')
  })

  test('TLS as client and server, X.509, root certificates and keys', async () => {
    await makeCertificates(path.join(directory, 'certificates'))
    await sameAsPlainNode(directory, 'tls.mjs', { flags: ['--include', 'certificates/*'] })
  })
})

/** An authority, and what it gives to a server and to a client. */
async function makeCertificates(directory: string): Promise<void> {
  needTool('openssl', 'openssl')
  mkdirSync(directory)
  writeFiles(directory, {
    'server.ext':
      'subjectAltName=DNS:localhost,IP:127.0.0.1\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n',
    'client.ext': 'keyUsage=digitalSignature\nextendedKeyUsage=clientAuth\n',
  })
  const openssl = async (...args: string[]) => {
    const { status, stderr } = await run('openssl', args, { cwd: directory })
    assert.equal(status, 0, stderr)
  }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority')
  for (const name of ['server', 'client']) {
    await openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`]
    await openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-out', `${name}.pem`)
  }
}
