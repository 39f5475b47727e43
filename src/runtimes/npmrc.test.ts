import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeHome } from './loopback.fixture.ts'
import { authorizationFor, configuredRegistry, flag, parseNpmrc, readNpmSettings, text } from './npmrc.ts'

const PARSED: readonly [line: string, env: NodeJS.ProcessEnv, key: string, value: string | undefined][] = [
  ['registry=http://a/', {}, 'registry', 'http://a/'],
  ['  registry = http://a/  ', {}, 'registry', 'http://a/'],
  ['registry=http://a/ ; comment', {}, 'registry', 'http://a/'],
  ['; registry=http://a/', {}, 'registry', undefined],
  ['# registry=http://a/', {}, 'registry', undefined],
  ['offline', {}, 'offline', 'true'],
  ['//h/:_authToken=${TOKEN}', { TOKEN: 'secret' }, '//h/:_authToken', 'secret'],
  ['//h/:_authToken=${TOKEN}', {}, '//h/:_authToken', '${TOKEN}'],
  ['//h/:_authToken=${TOKEN?}', {}, '//h/:_authToken', ''],
  ['//h/:_authToken=a=b==', {}, '//h/:_authToken', 'a=b=='],
  ['//${HOST}/:_authToken=t', { HOST: 'h' }, '//h/:_authToken', 't'],
  ['//h/:_password="a#b;c"', {}, '//h/:_password', 'a#b;c'],
  ['ca[]="one\\ntwo"\nca[]="three"', {}, 'ca', 'one\ntwo\nthree'],
]

for (const [line, env, key, value] of PARSED) {
  test(`.npmrc: ${JSON.stringify(line)} with ${JSON.stringify(env)}`, () => {
    assert.equal(parseNpmrc(line, env).get(key), value)
  })
}

test('environment wins over project, project over user, user over global', (t) => {
  const home = makeHome(t)
  const keys = ['a', 'b', 'c', 'd']
  const lines = (value: string, upTo: number) =>
    keys
      .slice(0, upTo)
      .map((key) => `${key}=${value}`)
      .join('\n')
  writeFileSync(home.env['npm_config_globalconfig'] ?? '', lines('global', 4))
  writeFileSync(join(home.env['HOME'] ?? '', '.npmrc'), lines('user', 3))
  home.npmrc(lines('project', 2))
  const settings = readNpmSettings(home.projectDir, { ...home.env, NPM_CONFIG_A: 'env' })
  assert.deepEqual(
    keys.map((key) => settings.get(key)),
    ['env', 'project', 'user', 'global'],
  )
})

test('another user configuration can be named', (t) => {
  const home = makeHome(t)
  const userconfig = join(home.projectDir, 'mine')
  writeFileSync(userconfig, 'registry=http://mine')
  const settings = readNpmSettings(home.projectDir, { ...home.env, npm_config_userconfig: userconfig })
  assert.equal(configuredRegistry(settings, 'x'), 'http://mine/')
})

test('environment names become keys as in npm', (t) => {
  const home = makeHome(t)
  const env = {
    ...home.env,
    npm_config_https_proxy: 'p',
    'npm_config_//h/:_authToken': 't',
    npm_config_empty: '',
  }
  const settings = readNpmSettings(home.projectDir, env)
  assert.equal(settings.get('https-proxy'), 'p')
  assert.equal(settings.get('//h/:_authToken'), 't')
  assert.equal(settings.has('empty'), false)
})

test('a scope may have a registry of its own', () => {
  const settings = new Map([
    ['registry', 'http://a'],
    ['@s:registry', 'http://b/n/'],
  ])
  assert.equal(configuredRegistry(settings, '@s/x'), 'http://b/n/')
  assert.equal(configuredRegistry(settings, '@t/x'), 'http://a/')
  assert.equal(configuredRegistry(new Map(), 'x'), undefined)
})

const CREDENTIALS = new Map([
  ['//host/:_authToken', 'root'],
  ['//host/npm/:_authToken', 'npm'],
  ['//host:8080/:_auth', 'dTpw'],
  ['//named/:username', 'u'],
  ['//named/:_password', Buffer.from('p').toString('base64')],
  ['//half/:username', 'u'],
])

const AUTHORIZED: readonly [url: string, expected: string | undefined][] = [
  ['https://host/x', 'Bearer root'],
  ['https://host/npm/x/-/x.tgz', 'Bearer npm'],
  ['https://host/npmx/x', 'Bearer root'],
  ['https://host:8080/x', 'Basic dTpw'],
  ['https://named/x', 'Basic dTpw'],
  ['https://half/x', undefined],
  ['https://other/x', undefined],
  ['https://host.evil/x', undefined],
  ['https://u:p@other/x', 'Basic dTpw'],
]

for (const [url, expected] of AUTHORIZED) {
  test(`credentials for ${url}: ${expected ?? 'none'}`, () => {
    assert.equal(authorizationFor(CREDENTIALS, new URL(url)), expected)
  })
}

test('booleans and texts', () => {
  const settings = new Map([
    ['yes', 'true'],
    ['no', 'false'],
    ['null', 'null'],
    ['text', 'x'],
  ])
  assert.deepEqual(
    ['yes', 'no', 'unset'].map((key) => flag(settings, key)),
    [true, false, false],
  )
  assert.equal(flag(settings, 'unset', true), true)
  assert.deepEqual(
    ['text', 'null', 'no', 'unset'].map((key) => text(settings, key)),
    ['x', undefined, undefined, undefined],
  )
})
