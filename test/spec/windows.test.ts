// Executables for Windows: what independent tools read in them, and that they run at all.

import assert from 'node:assert/strict'
import { copyFileSync, openSync, readFileSync, writeSync, closeSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { makeIcon } from '../../src/image/pe/icon.fixture.ts'
import { inspect, noticesOf } from '../../src/inspect.ts'
import { verify } from '../../src/verify.ts'
import { ingot, ingotBuild, ingotFails, run } from '../support/commands.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'
import { runInWine } from '../support/wine.ts'

const TARGET = ['--target', 'win32-x64']

const PROJECT = {
  'package.json': {
    name: 'shop',
    version: '2.1.0',
    description: 'Sells things',
    author: 'Ada Lovelace <ada@example.com>',
    license: 'MIT',
    type: 'module',
    ingot: { windows: { icon: 'shop.ico', version: { LegalCopyright: '© Ada' } } },
  },
  'shop.ico': makeIcon([16, 32, 48]),
  'main.ts': `
const [first = 'nobody']: string[] = process.argv.slice(2)
console.log('hello', first, import.meta.filename)
process.exitCode = 7`,
}

/** All of it, with nothing to say against it. */
async function read(command: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(command, args)
  assert.equal(stderr, '', command)
  assert.equal(status, 0, command)
  return stdout
}

// A build takes a download of 40 MB.
if (THOROUGH) {
  suite('an executable for Windows', () => {
    const work = temporaryDirectory()
    const file = path.join(work, 'shop.exe')
    let project: string

    before(async () => {
      project = makeProject(work, PROJECT)
      const result = await ingotBuild([...TARGET, '-o', file], { cwd: project })
      assert.deepEqual([result.out, result.target, result.start.kind], [file, 'win32-x64', 'cold'])
    })

    test('is one to file, LLVM, icoutils and pev', async () => {
      assert.match(await read('file', file), /PE32\+ executable \(console\) x86-64, for MS Windows/)
      await readByOthers(file)
    })

    test('is one for ARM, too', async () => {
      const out = path.join(work, 'arm64.exe')
      const { runtime } = await ingotBuild(['--target', 'win32-arm64', '-o', out], { cwd: project })
      assert.match(await read('file', out), /PE32\+ executable \(console\) Aarch64, for MS Windows/)
      assert.match(await read('llvm-readobj', '--file-headers', out), /Machine: IMAGE_FILE_MACHINE_ARM64 /)
      await readByOthers(out)
      const { info, start } = inspect(out)
      assert.deepEqual([info.target, info.runtime.version, start], ['win32-arm64', runtime.version, 'cold'])
      assert.deepEqual(verify(out).damage, [])
    })

    async function readByOthers(executable: string): Promise<void> {
      const headers = await read('llvm-objdump', '--private-headers', executable)
      assert.match(headers, /Resource Directory/)
      const resources = await read('llvm-readobj', '--coff-resources', executable)
      assert.match(resources, /Total Number of Resources: 7\n/)
      assert.match(resources, /Name: NODE_SEA_BLOB/)
      const listed = await read('wrestool', '--list', executable)
      for (const type of ['icon', 'group_icon', 'version', 'rcdata'])
        assert.match(listed, new RegExp(`type=${type} `))
      assert.match(await read('readpe', '--header', 'optional', executable), /IMAGE_SUBSYSTEM_WINDOWS_CUI/)
      assert.match(await read('pesec', executable), /ASLR:\s+yes[^]*DEP\/NX:\s+yes/)
    }

    test('shows its icon, its version and what it is able to', async () => {
      const icon = path.join(work, 'extracted.ico')
      await read('wrestool', '--extract', '--type=group_icon', `--output=${icon}`, file)
      const images = await read('icotool', '--list', icon)
      assert.deepEqual(
        [...images.matchAll(/--width=(\d+)/g)].map(([, width]) => width),
        ['16', '32', '48'],
      )
      const raw = (type: number) =>
        run('sh', [
          '-c',
          `wrestool --extract --raw --type=${type} "$1" | iconv -f UTF-16LE -t UTF-8 -c`,
          'sh',
          file,
        ])
      const { stdout: version } = await raw(16)
      for (const text of ['shop', '2.1.0', 'Sells things', 'Ada Lovelace', '© Ada', 'shop.exe'])
        assert(version.includes(text), text)
      const manifest = await read('wrestool', '--extract', '--raw', '--type=24', file)
      assert.match(manifest, /asInvoker[^]*supportedOS[^]*longPathAware[^]*UTF-8/)
    })

    test('without a console it says so', async () => {
      const out = path.join(work, 'window.exe')
      const config = { ...PROJECT['package.json'], ingot: { windows: { subsystem: 'gui' } } }
      const cwd = makeProject(work, { ...PROJECT, 'package.json': config })
      await ingotBuild([...TARGET, '-o', out], { cwd })
      assert.match(await read('file', out), /PE32\+ executable \(GUI\) x86-64/)
    })

    test('is the same each time', async () => {
      const again = path.join(work, 'again', 'other.exe')
      await ingotBuild([...TARGET, '-o', again], { cwd: makeProject(work, PROJECT) })
      assert(readFileSync(again).equals(readFileSync(file)))
    })

    test('says what is inside', () => {
      const inspected = inspect(file)
      assert.equal(inspected.info.target, 'win32-x64')
      assert.deepEqual([inspected.start, inspected.fuses.codeFromDisk], ['cold', true])
      assert(inspected.seal && inspected.parts.seal === inspected.seal.size)
      const notices = noticesOf(file).flatMap(({ of }) => of)
      assert(
        notices.some((name) => name.startsWith('node 26.')) &&
          notices.some((name) => name.startsWith('ingot')),
      )
    })

    test('any byte that is another one is found', () => {
      assert.deepEqual(verify(file).damage, [])
      const copy = path.join(work, 'damaged.exe')
      copyFileSync(file, copy)
      const descriptor = openSync(copy, 'r+')
      const { size, parts } = inspect(file)
      // Of the headers, of the checksum in them, of node, and of the program.
      for (const offset of [0x40, 0xd0, parts.runtime - 5000, size - parts.seal - 1000]) {
        const original = readFileSync(file).subarray(offset, offset + 1)
        writeSync(descriptor, Buffer.from([original[0]! ^ 1]), 0, 1, offset)
        const [damage] = verify(copy).damage
        assert(damage && damage.from <= offset && offset < damage.to, `byte ${offset}`)
        writeSync(descriptor, original, 0, 1, offset)
      }
      closeSync(descriptor)
      assert.deepEqual(verify(copy).damage, [])
    })

    test('can be signed for Windows, and stays sealed', async () => {
      const at = (name: string) => path.join(work, name)
      const [key, certificate, signed, unsigned] = ['k.pem', 'c.pem', 'signed.exe', 'unsigned.exe'].map(
        at,
      ) as [string, string, string, string]
      const ofCertificate = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=Ada']
      const { status } = await run('openssl', [
        'req',
        ...ofCertificate,
        '-addext',
        'extendedKeyUsage=codeSigning',
        '-keyout',
        key,
        '-out',
        certificate,
      ])
      assert.equal(status, 0)
      await read('osslsigncode', 'sign', '-certs', certificate, '-key', key, '-in', file, '-out', signed)
      const { stdout } = await run('osslsigncode', ['verify', '-CAfile', certificate, signed])
      assert.match(stdout, /Signature verification: ok/)
      const { damage, root } = verify(signed)
      assert.deepEqual([damage, root], [[], verify(file).root])
      assert.equal(inspect(signed).seal?.root, root)
      // It computes the checksum anew: ours is the same.
      await read('osslsigncode', 'remove-signature', '-in', signed, '-out', unsigned)
      assert(readFileSync(unsigned).equals(readFileSync(file)))
    })

    test('has a signature of Ingot’s, too', async () => {
      const key = path.join(work, 'ed25519.pem')
      const copy = path.join(work, 'ours.exe')
      await run('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', key])
      copyFileSync(file, copy)
      assert.equal((await ingot(['sign', copy, '--key', key])).status, 0)
      const { damage, signedBy } = verify(copy, { key })
      assert.deepEqual(damage, [])
      assert(signedBy)
    })

    test('what Windows cannot have is an error', async () => {
      const { status, stderr } = await ingot(['fuse', file])
      assert.equal(status, 1)
      assert.match(stderr, /FUSE_TARGET/)
      const failed = async (change: object) => {
        const config = { ...PROJECT['package.json'], ingot: change }
        return (await ingotFails(TARGET, { cwd: makeProject(work, { ...PROJECT, 'package.json': config }) }))
          .error
      }
      assert.equal((await failed({ fuses: { inspector: true } })).code, 'FUSE_TARGET')
      assert.equal((await failed({ contract: { enforce: true } })).code, 'CONTRACT_TARGET')
      const missing = await failed({ windows: { icon: 'none.ico' } })
      assert.equal(missing.code, 'WINDOWS_ICON')
      const wrong = await failed({ windows: { icon: 'main.ts' } })
      assert.deepEqual([wrong.code, wrong.at?.offset], ['WINDOWS_ICON', 0])
      assert.equal((await failed({ windows: { subsystem: 'dos' } })).code, 'CONFIG_INVALID')
      assert.equal((await failed({ windows: { ikon: 'x' } })).code, 'CONFIG_UNKNOWN_KEY')
    })

    test('runs under wine', async () => {
      const { status, stdout, stderr } = await runInWine(file, ['Grüße'], { cwd: work })
      assert.deepEqual(
        { status, stdout, stderr },
        { status: 7, stdout: 'hello Grüße C:\\ingot:\\app\\main.ts\n', stderr: '' },
      )
    })
  })
}
