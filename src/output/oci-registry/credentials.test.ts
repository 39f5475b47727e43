import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'

import { findCredentials } from './credentials.ts'

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') })
const ME = { kind: 'password', user: 'me', password: 'a:b' } as const

function home(context: TestContext, files: Readonly<Record<string, object | string>>): NodeJS.ProcessEnv {
  const directory = mkdtempSync(path.join(tmpdir(), 'ingot-credentials-'))
  context.after(() => rmSync(directory, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  }
  return { HOME: directory, PATH: process.env['PATH'] }
}

const FOUND: readonly [title: string, registry: string, files: Readonly<Record<string, object>>][] = [
  ['Docker', 'ghcr.example', { '.docker/config.json': { auths: { 'ghcr.example': auth('me:a:b') } } }],
  [
    'Docker, as a URL',
    'ghcr.example',
    { '.docker/config.json': { auths: { 'https://ghcr.example/v1/': auth('me:a:b') } } },
  ],
  [
    'Docker Hub',
    'docker.io',
    { '.docker/config.json': { auths: { 'https://index.docker.io/v1/': auth('me:a:b') } } },
  ],
  [
    'plain fields',
    'x.example',
    { '.docker/config.json': { auths: { 'x.example': { username: 'me', password: 'a:b' } } } },
  ],
  ['podman', 'x.example', { '.config/containers/auth.json': { auths: { 'x.example': auth('me:a:b') } } }],
  [
    'the repository before the registry',
    'x.example',
    {
      '.config/containers/auth.json': {
        auths: { 'x.example': auth('other:x'), 'x.example/a/b': auth('me:a:b') },
      },
    },
  ],
  [
    'the second file, if the first knows nothing',
    'x.example',
    {
      '.docker/config.json': { auths: { 'y.example': auth('other:x') } },
      '.config/containers/auth.json': { auths: { 'x.example': auth('me:a:b') } },
    },
  ],
]
for (const [title, registry, files] of FOUND) {
  test(`credentials: ${title}`, async (context) => {
    assert.deepEqual(await findCredentials(registry, 'a/b', home(context, files)), ME)
  })
}

test('an identity token is one', async (context) => {
  const env = home(context, { '.docker/config.json': { auths: { 'x.example': { identitytoken: 't' } } } })
  assert.deepEqual(await findCredentials('x.example', 'a', env), { kind: 'refresh-token', token: 't' })
})

test('nobody is known for other registries', async (context) => {
  const env = home(context, { '.docker/config.json': { auths: { 'x.example': auth('me:x') } } })
  assert.equal(await findCredentials('x.example.org', 'a', env), undefined)
  assert.equal(await findCredentials('x.example', 'a', { HOME: '/nowhere' }), undefined)
})

test('a file that is no JSON is an error with its name', async (context) => {
  const env = home(context, { '.docker/config.json': '{' })
  await assert.rejects(findCredentials('x.example', 'a', env), {
    code: 'PUSH_CREDENTIALS',
    at: { file: path.join(env['HOME']!, '.docker/config.json') },
  })
})
