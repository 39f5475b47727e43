// Images in a real registry: what is sent, who may send it, and what is there when something breaks off. And what comes
// out of it, run as an engine would.

import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'

import type { ImageOptions } from '../../../src/base/image-result.ts'
import { image } from '../../../src/container-image.ts'
import { readExecutable } from '../../../src/inspect/read-executable.ts'
import { BlobStore } from '../../../src/output/oci/blob-store.ts'
import { INDEX, type Index } from '../../../src/output/oci/descriptor.ts'
import { writeLayer } from '../../../src/output/oci/layer.ts'
import { writeImage, type PlatformImage } from '../../../src/output/oci/write-image.ts'
import { pushTo } from '../../../src/push-image.ts'
import { cacheRoot } from '../../../src/runtimes/cache-root.ts'
import { runContainer } from '../../support/container.ts'
import { startRegistry, USER, wireTo } from '../../support/container-registry.ts'
import { ingot, ingotBuild, run, type FailedBuild } from '../../support/commands.ts'
import { copyOfExample } from '../../support/example.ts'
import { makeProject } from '../../support/project.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { THOROUGH } from '../../support/thorough.ts'

const work = temporaryDirectory()
const MEGABYTE = 1_000_000
/** Without any credentials of who runs the tests, but with the cache. */
const NOBODY = {
  HOME: work,
  DOCKER_CONFIG: path.join(work, 'nowhere'),
  XDG_CACHE_HOME: path.dirname(cacheRoot(process.env)),
}

function push(cwd: string, tag: string, more: Partial<ImageOptions> = {}) {
  return image({ cwd, tags: [tag], push: true, ...more })
}

async function pushFails(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = await ingot(['image', ...args, '--push', '--json'], {
    cwd,
    env: { ...process.env, ...NOBODY, ...env },
  })
  assert.equal(status, 1, stdout + stderr)
  assert.equal(stderr, '')
  return (JSON.parse(stdout) as FailedBuild).error
}

async function tagsOf(host: string, repository: string): Promise<string[]> {
  const response = await fetch(`http://${host}/v2/${repository}/tags/list`)
  return response.ok ? (((await response.json()) as { tags: string[] | null }).tags ?? []) : []
}

async function manifestOf<T>(host: string, repository: string, name: string): Promise<T> {
  const url = `http://${host}/v2/${repository}/manifests/${name}`
  return (await (await fetch(url, { headers: { accept: INDEX } })).json()) as T
}

async function skopeo(...args: string[]) {
  const { status, stdout, stderr } = await run('skopeo', args)
  assert.equal(status, 0, stderr)
  return stdout
}

if (THOROUGH)
  suite('the http example in a registry', async () => {
    const registry = await startRegistry()
    const wire = await wireTo(registry)
    const project = await copyOfExample('http')
    const name = `${wire.host}/shop/http`
    const source = `docker://${registry.host}/shop/http`

    test('is pushed, inspected with skopeo and run with runc', async () => {
      const result = await push(project, `${name}:1`)
      const inspected = JSON.parse(await skopeo('inspect', '--tls-verify=false', `${source}:1`)) as Record<
        string,
        any
      >
      assert.equal(inspected['Digest'], result.digest)
      assert.deepEqual(
        inspected['Layers'],
        result.platforms[0]!.layers.map(({ digest }) => digest),
      )
      assert.equal(inspected['Architecture'], 'amd64')

      const layout = path.join(work, 'pulled')
      await skopeo('copy', '--src-tls-verify=false', `${source}:1`, `oci:${layout}:1`)
      const port = 20_000 + (process.pid % 10_000)
      const container = await runContainer(layout, [`PORT=${port}`])
      let answer = ''
      for (let attempt = 0; answer === '' && attempt < 200; attempt++) {
        await setTimeout(50)
        answer = await fetch(`http://127.0.0.1:${port}/api/hello/container`).then(
          (response) => response.text(),
          () => '',
        )
      }
      assert.equal(answer, '{"hello":"container"}', container.output())
      assert.match(await (await fetch(`http://127.0.0.1:${port}/static/style.css`)).text(), /\{/)
      // StopSignal is what the example ends on.
      assert.equal(await container.stop(), 0, container.output())
    })

    test('is not sent again if it is there', async () => {
      wire.sent = 0
      const again = await push(project, `${name}:1`)
      assert.equal(again.pushed[0]!.uploaded, 0)
      assert(wire.sent < 20_000, `${wire.sent} bytes`)
    })

    test('a one-line change sends less than 2 MB, the program included', async () => {
      const main = path.join(project, 'src/main.ts')
      writeFileSync(main, readFileSync(main, 'utf8').replace("title: 'Ingot'", "title: 'Changed'"))
      wire.sent = 0
      const { pushed, platforms } = await push(project, `${name}:2`)
      const sizes = platforms[0]!.layers.map(({ size }) => size)
      console.log(`${wire.sent} bytes sent; layers ${sizes.join(', ')}`)
      assert(wire.sent < 2 * MEGABYTE, `${wire.sent} bytes`)
      assert(wire.sent >= pushed[0]!.uploaded)
      assert(pushed[0]!.known >= 40 * MEGABYTE)
    })

    test('a frozen one sends no runtime either', async () => {
      wire.sent = 0
      const { platforms } = await push(project, `${name}:frozen`, { start: 'frozen' })
      assert.equal(platforms[0]!.start, 'frozen')
      console.log(`${wire.sent} bytes sent`)
      assert(wire.sent < 12 * MEGABYTE, `${wire.sent} bytes`)
    })

    test('what is attached is found by the tag that stands for it', async () => {
      const { digest, platforms } = await push(project, `${name}:1`)
      const { manifests } = await manifestOf<Index>(registry.host, 'shop/http', digest.replace(':', '-'))
      assert.deepEqual(
        manifests.map(({ digest, artifactType }) => [digest, artifactType]),
        [[platforms[0]!.sbom, 'application/vnd.cyclonedx+json']],
      )
    })

    test('several platforms become one index', async () => {
      const store = new BlobStore(path.join(work, 'several'))
      const { info } = readExecutable((await ingotBuild(['--start', 'cold'], { cwd: project })).out)
      const images = await Promise.all(
        ['amd64', 'arm64'].map(async (architecture): Promise<PlatformImage> => {
          const content = Buffer.from(`the program for ${architecture}`)
          const layer = await writeLayer({ path: `/for-${architecture}`, content }, 'gzip', store.blobs)
          return {
            info,
            platform: { os: 'linux', architecture },
            start: 'cold',
            seal: undefined,
            created: '1970-01-01T00:00:00Z',
            layers: [{ ...layer, comment: architecture }],
            sbom: `{"for":"${architecture}"}`,
          }
        }),
      )
      const written = writeImage(store, images)
      const options = { env: process.env, insecure: false }
      const place = { registry: registry.host, repository: 'several', tag: '1', name: '' }
      await pushTo([place], written, store, options)
      const again = await pushTo([place], written, store, options)
      assert.equal(again[0]!.uploaded, 0)
      const index = await manifestOf<Index>(registry.host, 'several', '1')
      assert.deepEqual(
        index.manifests.map(({ platform }) => platform),
        images.map(({ platform }) => platform),
      )
      for (const { platform, layers } of images) {
        const inspected = JSON.parse(
          await skopeo(
            'inspect',
            '--override-arch',
            platform.architecture,
            '--tls-verify=false',
            `docker://${registry.host}/several:1`,
          ),
        ) as { Architecture: string; Layers: string[] }
        assert.equal(inspected.Architecture, platform.architecture)
        assert.deepEqual(inspected.Layers, [layers[0]!.descriptor.digest])
      }
    })
  })

if (THOROUGH)
  suite('a private registry', async () => {
    const registry = await startRegistry({ isPrivate: true })
    const project = makeProject(work)
    const args = ['main.ts', '-t', `${registry.host}/team/hello:1`]
    const config = (name: string, content: object) => {
      const directory = path.join(work, name)
      mkdirSync(directory)
      writeFileSync(path.join(directory, 'config.json'), JSON.stringify(content))
      return { DOCKER_CONFIG: directory }
    }
    const auth = (password: string) => Buffer.from(`${USER.name}:${password}`).toString('base64')

    test('refuses who is nobody, or somebody else, with a remedy', async () => {
      const nobody = await pushFails(project, args)
      assert.equal(nobody.code, 'PUSH_UNAUTHORIZED')
      assert.match(nobody.help!, /docker login 127\.0\.0\.1:\d+/)
      const wrong = config('wrong', { auths: { [registry.host]: { auth: auth('falsch') } } })
      const other = await pushFails(project, args, wrong)
      assert.equal(other.code, 'PUSH_UNAUTHORIZED')
      assert.match(other.message, /does not accept the credentials/)
    })

    test('takes it from who has logged in: docker, a helper, podman', async () => {
      const bin = path.join(work, 'bin')
      mkdirSync(bin)
      writeFileSync(
        path.join(bin, 'docker-credential-test'),
        `#!/bin/sh\nread -r server\n[ "$server" = ${registry.host} ] && echo '{"Username":"${USER.name}","Secret":"${USER.password}"}'\n`,
      )
      chmodSync(path.join(bin, 'docker-credential-test'), 0o755)
      const own = { ...process.env, ...NOBODY }
      const podman = path.join(work, 'auth.json')
      writeFileSync(
        podman,
        JSON.stringify({ auths: { [`${registry.host}/team`]: { auth: auth(USER.password) } } }),
      )
      const environments = {
        docker: config('docker', { auths: { [registry.host]: { auth: auth(USER.password) } } }),
        store: config('store', { auths: { [registry.host]: {} }, credsStore: 'test' }),
        helper: config('helper', { credHelpers: { [registry.host]: 'test' } }),
        podman: { REGISTRY_AUTH_FILE: podman },
      }
      for (const [tag, env] of Object.entries(environments)) {
        const { status, stdout, stderr } = await ingot(
          ['image', 'main.ts', '-t', `${registry.host}/team/hello:${tag}`, '--push', '--json'],
          { cwd: project, env: { ...own, ...env, PATH: `${bin}:${process.env['PATH']}` } },
        )
        assert.equal(status, 0, `${tag}: ${stdout}${stderr}`)
      }
      const missing = await pushFails(project, args, config('missing', { credsStore: 'nowhere' }))
      assert.equal(missing.code, 'PUSH_CREDENTIALS')
      assert.match(missing.message, /docker-credential-nowhere/)
    })
  })

if (THOROUGH)
  suite('a push that breaks off', async () => {
    const registry = await startRegistry()
    const wire = await wireTo(registry)
    const project = makeProject(work)

    test('goes on when the registry is there again', async () => {
      let kills = 0
      wire.onSent = (sent) => {
        if (sent < 10 * MEGABYTE || kills > 0) return
        kills++
        void registry
          .kill()
          .then(() => setTimeout(700))
          .then(() => registry.restart())
      }
      const { digest } = await push(project, `${wire.host}/hello:killed`, { entry: ['main.ts'] })
      wire.onSent = undefined
      assert.equal(kills, 1)
      const inspected = await skopeo(
        'inspect',
        '--tls-verify=false',
        `docker://${registry.host}/hello:killed`,
      )
      assert.equal((JSON.parse(inspected) as { Digest: string }).Digest, digest)
    })

    test('goes on when the connection is', async () => {
      let cuts = 0
      wire.sent = 0
      wire.onSent = (sent) => {
        if (sent < (5 + cuts * 10) * MEGABYTE || cuts === 2) return
        cuts++
        wire.cut()
      }
      await push(project, `${wire.host}/cut:1`, { entry: ['main.ts'], compression: 'zstd' })
      wire.onSent = undefined
      assert.equal(cuts, 2)
      assert.deepEqual(
        (await tagsOf(registry.host, 'cut')).filter((tag) => tag === '1'),
        ['1'],
      )
    })

    test('ends with a reason and without a tag if it is not, and then goes on where it was', async () => {
      const once = { cwd: project, entry: ['main.ts'], tags: [`${wire.host}/gone:1`], push: true }
      let isKilled = false
      wire.sent = 0
      wire.onSent = (sent) => {
        if (sent < 5 * MEGABYTE || isKilled) return
        isKilled = true
        void registry.kill()
      }
      const before = readdirSync(project)
      await assert.rejects(image({ ...once, layers: 'whole' }), (error: any) => {
        assert.equal(error.code, 'PUSH_UNREACHABLE')
        assert.match(error.help, /push again/)
        return true
      })
      assert.deepEqual(readdirSync(project), before)
      wire.onSent = undefined
      await registry.restart()
      assert.deepEqual(await tagsOf(registry.host, 'gone'), [])
      await image(once)
      assert.deepEqual(
        (await tagsOf(registry.host, 'gone')).filter((tag) => tag === '1'),
        ['1'],
      )
    })
  })

if (THOROUGH)
  suite('no room', () => {
    test('for a layout or a tar: an error, and nothing half done', async () => {
      const project = makeProject(work)
      const { out } = await ingotBuild(['main.ts', '--start', 'cold', '-o', path.join(project, 'hello')], {
        cwd: project,
      })
      const disk = path.join(work, 'disk')
      mkdirSync(disk)
      const script = `mount -t tmpfs -o size=$SIZE none "$1" && shift && "$@"; code=$?; ls -A "${disk}"; exit $code`
      // A tar needs the layout that it is made of.
      for (const [output, size] of [
        ['layout', '40m'],
        ['image.tar', '60m'],
      ] as const) {
        const { status, stdout } = await run(
          'unshare',
          [
            ...(process.getuid?.() === 0 ? ['-m'] : ['-rm']),
            'sh',
            '-c',
            script,
            'sh',
            disk,
            process.execPath,
            path.join(import.meta.dirname, '../../../bin/ingot.mjs'),
            'image',
            out,
            '-t',
            'a',
            '-o',
            path.join(disk, output),
            '--json',
          ],
          { env: { ...process.env, SIZE: size } },
        )
        assert.equal(status, 1, stdout)
        // All that was printed is the error: nothing is left on the disk.
        const { error } = JSON.parse(stdout) as FailedBuild
        assert.equal(error.code, 'OUTPUT_DISK_FULL')
        assert.match(error.message, /no room for the image/)
      }
    })
  })
