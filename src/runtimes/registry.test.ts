import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { createServer } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { BuildError } from '../base/diagnostics.ts'
import { fakeRelease, makeHome, PACKAGE, serve, serveReleases, type Home } from './loopback.fixture.ts'
import { readNpmSettings } from './npmrc.ts'
import type { Registry } from './registry-contract.ts'
import { withRegistry } from './registry.ts'

function use<T>(home: Home, work: (registry: Registry) => Promise<T>): Promise<T> {
  const { projectDir, env } = home
  return withRegistry({ settings: readNpmSettings(projectDir, env), projectDir, env }, work)
}

const release = await fakeRelease('program')

/** What both clients have to do. */
async function listAndDownload(home: Home): Promise<void> {
  await use(home, async (registry) => {
    const releases = await registry.releases(PACKAGE)
    assert.deepEqual(
      releases.map(({ version, integrity }) => [version, integrity]),
      [
        ['26.9.0', release.integrity],
        ['26.10.0', release.integrity],
      ],
    )
    const file = join(home.projectDir, 'x.tgz')
    for (const found of releases.slice(0, 1)) await registry.download(PACKAGE, found, file)
    assert.deepEqual(readFileSync(file), release.tarball)
  })
}

const RELEASES = { '26.9.0': release, '26.10.0': release }

test('fetch lists and downloads', async (t) => {
  const home = makeHome(t)
  const { url } = await serveReleases(t, RELEASES)
  home.npmrc(`registry=${url}`)
  await listAndDownload(home)
})

test('npm lists and downloads where fetch cannot do what is configured', async (t) => {
  const home = makeHome(t)
  const { url, asked } = await serveReleases(t, RELEASES)
  home.npmrc(`registry=${url}`, 'strict-ssl=false')
  await listAndDownload(home)
  assert.ok(asked.length >= 2)
})

test('npm shows a single release without a list around it', async (t) => {
  const home = makeHome(t)
  const { url } = await serveReleases(t, { '26.9.0': release })
  home.npmrc(`registry=${url}`, 'strict-ssl=false')
  const releases = await use(home, (registry) => registry.releases(PACKAGE))
  assert.deepEqual(
    releases.map(({ version }) => version),
    ['26.9.0'],
  )
})

test('a failing npm is quoted', async (t) => {
  const home = makeHome(t)
  const { url } = await serveReleases(t, {})
  home.npmrc(`registry=${url}`, 'strict-ssl=false')
  await assert.rejects(
    use(home, (registry) => registry.releases('missing')),
    {
      code: 'REGISTRY_HTTP',
      message: /^npm view failed: [^]*E404/,
    },
  )
})

test('credentials go to the host they are configured for, and nowhere else', async (t) => {
  const home = makeHome(t)
  const elsewhere = await serve(t, (_, response) => response.end(release.tarball))
  const redirecting = await serve(t, (_, response) =>
    response.writeHead(302, { location: elsewhere.url }).end(),
  )
  const registry = await serve(t, (request, response) => {
    const base = request.url?.endsWith('redirected') ? redirecting.url : elsewhere.url
    const dist = { integrity: release.integrity, tarball: `${base}x.tgz` }
    response.end(JSON.stringify({ versions: { '26.10.0': { dist } } }))
  })
  const hostOf = (url: string) => new URL(url).host
  home.npmrc(
    `registry=${registry.url}`,
    `//${hostOf(registry.url)}/:_authToken=due`,
    `//${hostOf(redirecting.url)}/:_authToken=first`,
  )
  await use(home, async (client) => {
    for (const name of ['direct', 'redirected']) {
      const [found] = await client.releases(name)
      assert.ok(found)
      await client.download(name, found, join(home.projectDir, name))
    }
  })
  const authorizations = (loopback: typeof registry) =>
    loopback.asked.map(({ authorization }) => authorization)
  assert.deepEqual(authorizations(registry), ['Bearer due', 'Bearer due'])
  assert.deepEqual(authorizations(redirecting), ['Bearer first'])
  assert.deepEqual(authorizations(elsewhere), [undefined, undefined])
})

test('a scoped name is escaped, and credentials in the address become a header', async (t) => {
  const home = makeHome(t)
  const { url, asked } = await serve(t, (_, response) => response.end('{}'))
  home.npmrc(`@s:registry=${url.replace('://', '://u:p@')}npm`)
  assert.deepEqual(await use(home, (registry) => registry.releases('@s/x')), [])
  assert.deepEqual(asked, [{ path: '/npm/@s%2fx', authorization: 'Basic dTpw' }])
})

test('passing failures are tried again', async (t) => {
  const home = makeHome(t)
  let calls = 0
  const { url } = await serve(t, (request, response) => {
    calls++
    if (calls === 1) return response.writeHead(503).end()
    if (calls === 2) return request.socket.destroy()
    return response.end('{}')
  })
  home.npmrc(`registry=${url}`)
  assert.deepEqual(await use(home, (registry) => registry.releases('x')), [])
  assert.equal(calls, 3)
})

test('a download that breaks off is tried again from the start', async (t) => {
  const home = makeHome(t)
  let calls = 0
  const { url } = await serve(t, (request, response) => {
    calls++
    if (calls > 1) return response.end(release.tarball)
    response.writeHead(200, { 'content-length': release.tarball.length })
    return response.write(release.tarball.subarray(0, 10), () => request.socket.destroy())
  })
  home.npmrc(`registry=${url}`)
  const file = join(home.projectDir, 'x.tgz')
  const found = { version: '26.10.0', integrity: undefined, tarball: `${url}x.tgz` }
  await use(home, (registry) => registry.download('x', found, file))
  assert.deepEqual(readFileSync(file), release.tarball)
  assert.equal(calls, 2)
})

const REFUSALS: readonly [status: number, calls: number, help: RegExp][] = [
  [401, 1, /_authToken/],
  [403, 1, /_authToken/],
  [404, 1, /carries/],
  [500, 3, /later/],
]

for (const [status, calls, help] of REFUSALS) {
  test(`${status} is an error with a remedy after ${calls} calls`, async (t) => {
    const home = makeHome(t)
    const { url, asked } = await serve(t, (_, response) => response.writeHead(status).end())
    home.npmrc(`registry=${url}`)
    await assert.rejects(
      use(home, (registry) => registry.releases('x')),
      {
        code: 'REGISTRY_HTTP',
        message: `${url}x answered ${status}`,
        help,
      },
    )
    assert.equal(asked.length, calls)
  })
}

test('a login page is not a package', async (t) => {
  const home = makeHome(t)
  const { url } = await serve(t, (_, response) => response.end('<html>'))
  home.npmrc(`registry=${url}`)
  await assert.rejects(
    use(home, (registry) => registry.releases('x')),
    { code: 'REGISTRY_HTTP' },
  )
})

const honoursProxies = typeof http.setGlobalProxyFromEnv === 'function'

test('a configured proxy is used, except where noproxy says', { skip: !honoursProxies }, async (t) => {
  const home = makeHome(t)
  const registry = await serve(t, (_, response) => response.end('{}'))
  const proxied: string[] = []
  const proxy = http.createServer((request, response) => {
    proxied.push(request.url ?? '')
    response.end('{}')
  })
  proxy.on('connect', (request, socket) => {
    proxied.push(request.url ?? '')
    const upstream = connect(Number(new URL(registry.url).port), '127.0.0.1')
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    socket.pipe(upstream).pipe(socket)
    socket.on('error', () => upstream.destroy())
    t.after(() => socket.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => proxy.close())
  const lines = [
    `registry=${registry.url}`,
    `proxy=http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  ]
  home.npmrc(...lines)
  await use(home, (client) => client.releases('x'))
  assert.equal(proxied.length, 1)
  home.npmrc(...lines, 'noproxy=127.0.0.1')
  await use(home, (client) => client.releases('x'))
  home.npmrc(`registry=${registry.url}`)
  await use(home, (client) => client.releases('x'))
  assert.equal(proxied.length, 1, 'neither with noproxy nor after the proxy was taken back')
})

/** A server with a certificate that nobody knows. */
async function serveTls(t: TestContext, dir: string): Promise<{ url: string; certificate: string }> {
  const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '1',
    '-keyout',
    key,
    '-out',
    certificate,
  ]
  execFileSync('openssl', [...args, ...subject], { stdio: 'ignore' })
  const options = { key: readFileSync(key), cert: readFileSync(certificate) }
  const server = createServer(options, (_, response) => response.end('{}'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`, certificate }
}

test('an unknown certificate is refused at once, and accepted with cafile', async (t) => {
  const home = makeHome(t)
  const { url, certificate } = await serveTls(t, home.projectDir)
  home.npmrc(`registry=${url}`)
  const refused = (error: BuildError) => {
    assert.equal(error.code, 'REGISTRY_CERTIFICATE')
    assert.match(error.help ?? '', /cafile/)
    return true
  }
  const list = () => use(home, (registry) => registry.releases('x'))
  await assert.rejects(list(), refused)
  home.npmrc(`registry=${url}`, `cafile=${certificate}`)
  assert.deepEqual(await list(), [])
})

test('an unknown certificate is accepted with NODE_EXTRA_CA_CERTS', async (t) => {
  const home = makeHome(t)
  const { url, certificate } = await serveTls(t, home.projectDir)
  home.npmrc(`registry=${url}`)
  for (const NODE_EXTRA_CA_CERTS of ['/nowhere.pem', certificate]) {
    const list = use({ ...home, env: { ...home.env, NODE_EXTRA_CA_CERTS } }, (registry) =>
      registry.releases('x'),
    )
    if (NODE_EXTRA_CA_CERTS === certificate) assert.deepEqual(await list, [])
    else await assert.rejects(list, { code: 'REGISTRY_CERTIFICATE' })
  }
})

test('a cafile that is not there is an error', async (t) => {
  const home = makeHome(t)
  home.npmrc('registry=https://127.0.0.1:1/', 'cafile=/nowhere.pem')
  await assert.rejects(
    use(home, (registry) => registry.releases('x')),
    { code: 'NPMRC_INVALID' },
  )
})
