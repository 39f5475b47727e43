// A frozen process is memory of the machine that built it. Nothing of that machine may be in the file: not its
// variables, not what lies about where it builds, not where it built.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { ingotBuild } from '../../support/commands.ts'
import { writeFiles } from '../../support/files.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { skip } from './frozen.fixture.ts'

/** Looks at all that it is given, as far as it may before it is frozen. */
const PROGRAM = `'use strict'
const { NODE_ENV, MISSING } = process.env
for (let i = 0; i < 50; i++) void process.env['SECRET_' + i]
const path = require('node:path')
require('node:http'); require('node:tls'); require('node:worker_threads'); require('node:child_process')
const resolved = path.resolve('x')
console.log('inside the file', resolved, NODE_ENV, MISSING)
`

/** Distinct, and nothing that is in the file by chance. */
const marker = (what: string) => `${what}-${randomBytes(12).toString('hex')}`

suite('the machine that built is not in the file', { skip }, () => {
  const work = temporaryDirectory()
  const home = path.join(work, marker('home'))
  const project = path.join(home, marker('project'))
  const secrets: Record<string, string> = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`SECRET_${i}`, marker('variable')]),
  )
  const names = Array.from({ length: 20 }, () => marker('NAME').replace('-', '_'))
  const contents = {
    [marker('.file')]: marker('content'),
    '.env': `TOKEN=${marker('token')}`,
    '.npmrc': `//x/:_authToken=${marker('token')}`,
  }
  let bytes: Buffer

  before(async () => {
    if (skip) return
    writeFiles(home, { ...contents, '.ssh/id': marker('key') })
    writeFiles(project, {
      'package.json': { name: 'quiet', version: '1.0.0' },
      'main.cjs': PROGRAM,
      ...contents,
    })
    const env = {
      ...process.env,
      ...secrets,
      ...Object.fromEntries(names.map((name) => [name, '1'])),
      XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? path.join(process.env['HOME'] ?? '/', '.cache'),
      HOME: home,
      LOGNAME: 'somebody-who-builds',
      NODE_EXTRA_CA_CERTS: path.join(home, '.npmrc'),
      SSLKEYLOGFILE: path.join(home, 'key-log'),
    }
    // What a build needs of the network is there then: it cannot be had with this environment.
    await ingotBuild(['main.cjs', '-o', 'program', '--start', 'cold'], { cwd: project })
    const { start, out } = await ingotBuild(['main.cjs', '-o', 'program', '--start', 'frozen'], {
      cwd: project,
      env,
    })
    assert.equal(start.kind, 'frozen')
    bytes = readFileSync(out)
  })

  const isInside = (text: string) => bytes.includes(text) || bytes.includes(Buffer.from(text, 'utf16le'))

  test('what is looked for is found, if it is there', () => assert.ok(isInside('inside the file')))

  const looked: Readonly<Record<string, readonly string[]>> = {
    'values of variables': [...Object.values(secrets), 'somebody-who-builds'],
    'names of variables that are not asked for': names,
    'content of files around': Object.values(contents).map((text) => text.slice(text.indexOf('=') + 1)),
    'names of files around': Object.keys(contents).filter((name) => name.length > 10),
    'the home directory': [path.basename(home), path.basename(project)],
    // A short one is found by chance.
    'the name of the machine': [hostname()].filter((name) => name.length >= 8),
    'the directory of the build': [path.basename(work), '.program.ingot-'],
  }
  for (const [title, texts] of Object.entries(looked)) {
    test(title, () => assert.deepEqual(texts.filter(isInside), []))
  }
})
