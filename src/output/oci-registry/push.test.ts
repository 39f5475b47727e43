// What Debian's registry does not do: tokens, uploads that go on in the middle, referrers, storage that is elsewhere.
// test/spec/image/push.test.ts has the real one.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'

import { serve } from '../../runtimes/loopback.fixture.ts'
import { BlobStore } from '../oci/blob-store.ts'
import { CONFIG, digestOf, LAYER, MANIFEST, type Descriptor, type Manifest } from '../oci/descriptor.ts'
import type { Credentials } from './credentials.ts'
import { pushImage } from './push.ts'
import { Registry } from './registry.ts'

interface Behaviour {
  /** Credentials are asked for, and changed for a token that is good for so many requests. */
  readonly token?: {
    readonly accepts: (request: IncomingMessage, body: string) => boolean
    readonly uses: number
  }
  /** Breaks the connection off when so many bytes of an upload have arrived, once. */
  readonly breaksAt?: number
  /** So many uploads are unknown when they are to be finished. */
  readonly forgets?: number
  /** Status of the first answers. */
  readonly fails?: readonly number[]
  readonly listsReferrers?: boolean
}

/** The distribution specification, as far as a push needs it, with uploads that go on where they were. */
async function startFake(context: TestContext, behaviour: Behaviour = {}) {
  const blobs = new Map<string, Buffer>()
  const manifests = new Map<string, Buffer>()
  let upload = Buffer.alloc(0)
  let uses = 0
  let { breaksAt, forgets = 0 } = behaviour
  const fails = [...(behaviour.fails ?? [])]
  const ranges: (string | undefined)[] = []
  const loopback = await serve(context, (request, response) => void answer(request, response))
  const { host } = new URL(loopback.url)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url!, loopback.url)
    const end = (status: number, headers = {}) => response.writeHead(status, headers).end()
    if (pathname === '/token') {
      const body = (await buffer(request)).toString()
      if (!behaviour.token?.accepts(request, body)) return void end(401)
      uses = behaviour.token.uses
      return void response.end(JSON.stringify({ token: 'good' }))
    }
    if (behaviour.token && (request.headers.authorization !== 'Bearer good' || uses-- <= 0)) {
      const realm = `Bearer realm="${loopback.url}token",service="fake",scope="repository:a:pull"`
      return void end(401, { 'www-authenticate': realm })
    }
    const status = fails.shift()
    if (status !== undefined) return void end(status)
    const name = pathname.replace(/^\/v2\/a\//, '')
    const last = upload.length - 1
    const place = { location: '/v2/a/blobs/uploads/1?state=x', range: `0-${Math.max(0, last)}` }
    if (name === 'blobs/uploads/') return ((upload = Buffer.alloc(0)), void end(202, place))
    if (name === 'blobs/uploads/1') {
      if (request.method === 'GET') return void end(204, place)
      if (request.method === 'PUT' && forgets-- > 0) return void end(404)
      if (request.method === 'PUT') {
        const digest = searchParams.get('digest')!
        if (digestOf(upload) !== digest) return void end(400)
        blobs.set(digest, upload)
        return void end(201)
      }
      ranges.push(request.headers['content-range'])
      for await (const chunk of request) {
        upload = Buffer.concat([upload, chunk as Buffer])
        if (breaksAt === undefined || upload.length < breaksAt) continue
        upload = upload.subarray(0, breaksAt)
        breaksAt = undefined
        return void request.destroy()
      }
      return void end(202, { location: place.location })
    }
    const [kind, key] = name.split('/') as [string, string]
    if (kind === 'referrers') return void end(behaviour.listsReferrers ? 200 : 404)
    if (request.method === 'PUT') {
      const body = await buffer(request)
      manifests.set(key, body)
      const { subject } = JSON.parse(body.toString()) as Manifest
      return void end(201, behaviour.listsReferrers && subject ? { 'oci-subject': subject.digest } : {})
    }
    const found = (kind === 'blobs' ? blobs : manifests).get(key)
    if (!found) return void end(404)
    response.writeHead(200, { 'docker-content-digest': digestOf(found) })
    response.end(request.method === 'HEAD' ? undefined : found)
  }
  return { host, blobs, manifests, ranges, asked: loopback.asked }
}

function anImage(context: TestContext) {
  const directory = mkdtempSync(path.join(tmpdir(), 'ingot-push-'))
  context.after(() => rmSync(directory, { recursive: true, force: true }))
  const store = new BlobStore(directory)
  const layer = store.put(LAYER, 'layer '.repeat(100_000))
  const config = store.put(CONFIG, {})
  const manifest = (subject?: Descriptor) =>
    store.put(MANIFEST, {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config,
      layers: [layer],
      ...(subject && { subject }),
    })
  const top = manifest()
  return { store, layer, top, artifact: manifest(top) }
}

function push({ store, top, artifact }: ReturnType<typeof anImage>, host: string, credentials?: Credentials) {
  const options = { credentials, insecure: false, retryAfterMs: [1, 1, 1] }
  const registry = new Registry({ registry: host, repository: 'a' }, options)
  return pushImage(registry, store, {
    top,
    tags: ['1'],
    manifests: [top],
    artifacts: [artifact],
    mountFrom: undefined,
  })
}

test('an upload that breaks off goes on where the registry has it', async (context) => {
  const fake = await startFake(context, { breaksAt: 300_000 })
  const image = anImage(context)
  const { uploaded } = await push(image, fake.host)
  assert.deepEqual(fake.ranges, [undefined, '300000-599999', undefined])
  assert(fake.blobs.has(image.layer.digest))
  assert(fake.manifests.has('1'))
  assert(uploaded < 605_000, `${uploaded}`)
})

test('an upload that the registry has forgotten begins anew', async (context) => {
  const fake = await startFake(context, { forgets: 2 })
  const image = anImage(context)
  await push(image, fake.host)
  assert(fake.blobs.has(image.layer.digest))
})

test('failures that pass are waited for, others are not', async (context) => {
  await push(anImage(context), (await startFake(context, { fails: [503, 429, 500] })).host)
  const fake = await startFake(context, { fails: [503, 503, 503, 503] })
  await assert.rejects(push(anImage(context), fake.host), { code: 'PUSH_REFUSED' })
  const denied = await startFake(context, { fails: [403] })
  await assert.rejects(push(anImage(context), denied.host), { code: 'PUSH_DENIED' })
  assert.equal(denied.asked.length, 1)
})

test('what is attached is listed by the registry, or by a tag if it does not list anything', async (context) => {
  for (const listsReferrers of [true, false]) {
    const fake = await startFake(context, { listsReferrers })
    const image = anImage(context)
    await push(image, fake.host)
    assert.equal(fake.manifests.has(image.top.digest.replace(':', '-')), !listsReferrers)
    assert.equal((await push(image, fake.host)).uploaded, 0)
  }
})

test('a list that an earlier push did not come to is made up for', async (context) => {
  const fake = await startFake(context)
  const image = anImage(context)
  await push(image, fake.host)
  const tag = image.top.digest.replace(':', '-')
  fake.manifests.delete(tag)
  await push(image, fake.host)
  assert(fake.manifests.has(tag))
})

test('a password, or a refresh token, is changed for tokens, again when they are used up', async (context) => {
  const password = { kind: 'password', user: 'me', password: 'x:y' } as const
  const byPassword = await startFake(context, {
    token: {
      uses: 4,
      accepts: ({ headers, url }) =>
        headers.authorization === `Basic ${Buffer.from('me:x:y').toString('base64')}` &&
        /scope=repository%3Aa%3Apull%2Cpush/.test(url!),
    },
  })
  await push(anImage(context), byPassword.host, password)
  assert(byPassword.manifests.has('1'))

  const byToken = await startFake(context, {
    token: {
      uses: 100,
      accepts: ({ method }, body) => method === 'POST' && /refresh_token=secret/.test(body),
    },
  })
  await push(anImage(context), byToken.host, { kind: 'refresh-token', token: 'secret' })
  assert(byToken.manifests.has('1'))

  const refusing = await startFake(context, { token: { uses: 0, accepts: () => false } })
  for (const credentials of [undefined, password]) {
    await assert.rejects(push(anImage(context), refusing.host, credentials), { code: 'PUSH_UNAUTHORIZED' })
  }
})

test('nobody who answers is said, with the reason', async (context) => {
  const { host } = new URL((await closed(context)).url)
  await assert.rejects(push(anImage(context), host), { code: 'PUSH_UNREACHABLE', message: /ECONNREFUSED/ })
})

async function closed(context: TestContext) {
  const loopback = await serve(context, () => {})
  await loopback.close()
  return loopback
}
