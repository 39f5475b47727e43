// `ingot image` without a registry: what is in the layout, that it is the same each time, and what is refused.

import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { gunzipSync } from 'node:zlib'

import { unpackTar } from 'modern-tar'

import type { ImageResult } from '../../../src/base/image-result.ts'
import type { Index, Manifest } from '../../../src/output/oci/descriptor.ts'
import { ingot, ingotBuild, type FailedBuild } from '../../support/commands.ts'
import { runInEmptyRoot } from '../../support/empty-root.ts'
import { makeProject } from '../../support/project.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { THOROUGH } from '../../support/thorough.ts'

const work = temporaryDirectory()
const project = makeProject(work, {
  'package.json': {
    name: '@shop/front',
    version: '2.1.0',
    license: 'MIT',
    repository: 'shop/front',
    type: 'module',
    ingot: {
      entry: 'main.ts',
      contract: {
        env: {
          PORT: { type: 'port', default: 8080 },
          LEVEL: { default: 'info' },
          KEY: { secret: true, default: 'hidden' },
          URL: { type: 'url' },
        },
        listen: ['$PORT', '9090', 'unix:/run/front'],
      },
    },
  },
  'main.ts': `import { readFileSync } from 'node:fs'
const maps = readFileSync('/proc/self/maps', 'utf8')
console.log('hello', process.execPath, /\\/lib\\/x86_64-linux-gnu\\/libc\\.so\\.6/.test(maps))\n`,
})

async function image(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ImageResult> {
  const options = { cwd: project, env: { ...process.env, ...env } }
  const { status, stdout, stderr } = await ingot(['image', ...args, '--json'], options)
  assert.equal(status, 0, stdout + stderr)
  return JSON.parse(stdout) as ImageResult
}

async function fails(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const before = readdirSync(project)
  const { status, stdout } = await ingot(['image', ...args, '--json'], {
    cwd: project,
    env: { ...process.env, ...env },
  })
  assert.notEqual(status, 0)
  assert.deepEqual(
    readdirSync(project).filter((name) => name !== 'ingot.lock'),
    before.filter((name) => name !== 'ingot.lock'),
    'nothing is left behind',
  )
  return (JSON.parse(stdout) as FailedBuild).error
}

function reader(layout: string) {
  const blob = (digest: string) => {
    const bytes = readFileSync(path.join(layout, 'blobs', digest.replace(':', '/')))
    assert.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, digest)
    return bytes
  }
  const json = (bytes: Buffer): any => JSON.parse(bytes.toString())
  return { blob, json, index: json(readFileSync(path.join(layout, 'index.json'))) as Index }
}

async function filesIn(layers: readonly Buffer[]) {
  const entries = await Promise.all(layers.map((layer) => unpackTar(gunzipSync(layer))))
  return entries.flat().map(({ header, data }) => ({ header, data: Buffer.from(data!) }))
}

suite('an image layout', () => {
  const layout = path.join(project, 'layout')

  test('has what the contract and the build say', async () => {
    const result = await image(['-t', 'shop/front:2.1', '-o', 'layout'])
    const { blob, json, index } = reader(layout)
    assert.deepEqual(result.names, ['docker.io/shop/front:2.1'])
    assert.equal(index.manifests[0]!.digest, result.digest)
    assert.deepEqual(index.manifests[0]!.platform, { os: 'linux', architecture: 'amd64' })
    assert.equal(index.manifests[0]!.annotations?.['org.opencontainers.image.ref.name'], '2.1')

    const manifest: Manifest = json(blob(result.digest))
    const { config, rootfs } = json(blob(manifest.config.digest))
    const { Labels: labels, ...rest } = config
    assert.deepEqual(rest, {
      User: '65532:65532',
      ExposedPorts: { '8080/tcp': {}, '9090/tcp': {} },
      Env: ['PORT=8080', 'LEVEL=info'],
      Entrypoint: ['/front'],
      WorkingDir: '/',
      StopSignal: 'SIGTERM',
    })
    assert.equal(labels['org.opencontainers.image.title'], '@shop/front')
    assert.equal(labels['org.opencontainers.image.version'], '2.1.0')
    assert.equal(labels['org.opencontainers.image.licenses'], 'MIT')
    assert.equal(labels['org.opencontainers.image.source'], 'https://github.com/shop/front')
    assert.equal(labels['org.opencontainers.image.created'], '1970-01-01T00:00:00Z')
    assert.deepEqual(
      rootfs.diff_ids,
      manifest.layers.map(
        ({ digest }) =>
          `sha256:${createHash('sha256')
            .update(gunzipSync(blob(digest)))
            .digest('hex')}`,
      ),
    )
  })

  test('has the SBOM attached', () => {
    const { blob, json, index } = reader(layout)
    const attached = index.manifests.find(
      ({ artifactType }) => artifactType === 'application/vnd.cyclonedx+json',
    )
    const manifest: Manifest = json(blob(attached!.digest))
    assert.equal(manifest.subject?.digest, index.manifests[0]!.digest)
    const sbom = json(blob(manifest.layers[0]!.digest))
    assert.equal(sbom.bomFormat, 'CycloneDX')
    assert.equal(sbom.metadata.component.name, 'front')
  })

  test('runs: two files that the kernel puts together', async () => {
    const { blob, json, index } = reader(layout)
    const { layers }: Manifest = json(blob(index.manifests[0]!.digest))
    const files = await filesIn(layers.map(({ digest }) => blob(digest)))
    assert.deepEqual(
      files.map(({ header: { name, mode, uid, gid, mtime } }) => [
        name.replace(/[\da-f]{16}$/, '…'),
        mode,
        uid,
        gid,
        mtime?.getTime(),
      ]),
      [
        ['lib/ingot/runtime-…', 0o755, 0, 0, 0],
        ['front', 0o755, 0, 0, 0],
      ],
    )
    const [runtime, program] = files
    const executable = path.join(work, 'front')
    writeFileSync(executable, program!.data, { mode: 0o755 })
    const inRoot = await runInEmptyRoot(executable, {
      proc: true,
      files: { [runtime!.header.name]: runtime!.data },
      executables: [runtime!.header.name],
    })
    assert.equal(inRoot.stderr, '')
    assert.equal(inRoot.stdout, 'hello /front true\n')

    if (!THOROUGH) return

    // A byte of either file is missed.
    for (const [index, offset] of [
      [0, 0x1000],
      [1, program!.data.length - 0x2000],
    ] as const) {
      const bytes = files.map(({ data }) => Buffer.from(data))
      bytes[index]![offset]! ^= 1
      writeFileSync(executable, bytes[1]!, { mode: 0o755 })
      const damaged = await runInEmptyRoot(executable, {
        proc: true,
        files: { [runtime!.header.name]: bytes[0]! },
        executables: [runtime!.header.name],
      })
      assert.equal(damaged.status, 74, `${damaged.stdout}${damaged.stderr}`)
      assert.match(damaged.stderr, /EXECUTABLE_DAMAGED \/front at byte 0x/)
    }
    writeFileSync(executable, program!.data, { mode: 0o755 })
    for (const [command, ...args] of [['inspect'], ['verify'], ['fuse', 'inspector=on']]) {
      const { status, stderr } = await ingot([command!, executable, ...args])
      assert.equal(status, 1)
      assert.match(stderr, /IMAGE_IN_TWO_FILES/)
    }
  })

  if (THOROUGH)
    test('is the same again, from an executable, from another directory, and takes the place of its tag', async () => {
      const before = reader(layout).index
      const again = await image(['-t', 'shop/front:2.1', '-o', 'layout'])
      assert.equal(again.digest, before.manifests[0]!.digest)
      assert.equal(reader(layout).index.manifests.length, 2)

      const copy = path.join(work, 'copy')
      cpSync(project, copy, { recursive: true, filter: (file) => path.basename(file) !== 'layout' })
      const built = await ingotBuild(['--start', 'cold'], { cwd: copy })
      const fromFile = await image([built.out, '-t', 'shop/front:other', '-o', 'layout'])
      assert.equal(fromFile.digest, again.digest)
      const tags = reader(layout).index.manifests.map(
        ({ annotations }) => annotations?.['org.opencontainers.image.ref.name'],
      )
      assert.deepEqual(tags, ['2.1', 'other', undefined])
    })

  if (THOROUGH)
    test('says when it was made, if it is told', async () => {
      const at = { SOURCE_DATE_EPOCH: '1700000000' }
      const { digest } = await image(['-t', 'front', '-o', 'dated', '--no-sbom'], at)
      const { blob, json, index } = reader(path.join(project, 'dated'))
      assert.equal(index.manifests.length, 1)
      const manifest: Manifest = json(blob(digest))
      assert.equal(manifest.annotations?.['org.opencontainers.image.created'], '2023-11-14T22:13:20Z')
    })

  if (THOROUGH)
    test('is one layer if it is signed', async () => {
      const key = path.join(work, 'key.pem')
      const { privateKey } = generateKeyPairSync('ed25519')
      writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
      const signed = path.join(work, 'signed')
      await ingotBuild(['--start', 'cold', '--sign', key, '-o', signed], { cwd: project })
      const { platforms, diagnostics } = await image([signed, '-t', 'signed', '-o', 'signed'])
      assert.equal(platforms[0]!.layers.length, 1)
      assert.deepEqual(
        diagnostics.map(({ code }) => code),
        ['IMAGE_ONE_LAYER'],
      )
    })

  if (THOROUGH)
    test('as a tar, by default; no manifest but the image’s in its index', async () => {
      const result = await image(['-t', 'shop/front:2.1', '--compression', 'zstd', '--layers', 'whole'])
      assert.equal(result.output, path.join(project, 'front.tar'))
      const entries = await unpackTar(readFileSync(result.output))
      const text = (name: string) =>
        Buffer.from(entries.find(({ header }) => header.name === name)!.data!).toString()
      assert.equal(text('oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
      const { manifests } = JSON.parse(text('index.json')) as Index
      assert.deepEqual(
        manifests.map(({ digest }) => digest),
        [result.digest],
      )
      const manifest = JSON.parse(text(`blobs/${result.digest.replace(':', '/')}`)) as Manifest
      assert.equal(manifest.layers.length, 1)
      assert.equal(manifest.layers[0]!.mediaType, 'application/vnd.oci.image.layer.v1.tar+zstd')
    })
})

suite('an image is refused, and nothing is left behind', () => {
  test('without a name, or with one that is none', async () => {
    assert.equal((await fails([])).code, 'CLI_ARGUMENT')
    for (const name of THOROUGH ? ['Upper:1', 'a:b:c d', 'x//y', 'x@sha256:00', ':1'] : ['Upper:1']) {
      assert.equal((await fails(['-t', name])).code, 'IMAGE_NAME', name)
    }
    assert.equal((await fails(['-t', 'a', '--layers', 'three'])).code, 'CLI_OPTION_VALUE')
  })

  if (THOROUGH)
    test('of what does not run on Linux, and of two for one platform', async () => {
      const files = {
        macos: 'cffaedfe0c000001',
        windows: '4d5a9000',
        riscv: `7f454c4602010100${'00'.repeat(8)}0200f300`,
      }
      const directory = path.join(work, 'foreign')
      mkdirSync(directory, { recursive: true })
      for (const [name, hex] of Object.entries(files)) {
        const file = path.join(directory, name)
        writeFileSync(file, Buffer.from(hex.padEnd(256, '0'), 'hex'))
        const { code, at } = await fails([file, '-t', 'a'])
        assert.equal(code, 'IMAGE_PLATFORM', name)
        assert.equal(at?.file, file)
      }
      const { out } = await ingotBuild(['--start', 'cold', '-o', path.join(work, 'one')], { cwd: project })
      assert.equal((await fails(['-t', 'a', '--target', 'linux-x64,darwin-arm64'])).code, 'IMAGE_PLATFORM')
      assert.equal((await fails([out, out, '-t', 'a'])).code, 'IMAGE_PLATFORM')
      assert.equal((await fails([out, 'main.ts', '-t', 'a'])).code, 'CLI_ARGUMENT')
      assert.equal((await fails([out, '-t', 'a', '--minify'])).code, 'CLI_ARGUMENT')
    })

  if (THOROUGH)
    test('with a time that is none, or where something else is', async () => {
      assert.equal((await fails(['-t', 'a'], { SOURCE_DATE_EPOCH: 'yesterday' })).code, 'IMAGE_TIME')
      mkdirSync(path.join(project, 'full'))
      writeFileSync(path.join(project, 'full/file'), '')
      const { code, at } = await fails(['-t', 'a', '-o', 'full'])
      assert.equal(code, 'OUTPUT_UNWRITABLE')
      assert.equal(at?.file, path.join(project, 'full'))
      assert(existsSync(path.join(project, 'full/file')))
    })
})
