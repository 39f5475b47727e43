// Deployment files are what the engines take for valid, and a unit lets the program run as it does without: frozen.

import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { after, before, suite, test } from 'node:test'

import { subjectWith } from '../../src/deploy/contract.fixture.ts'
import { planDeployment } from '../../src/deploy/plan.ts'
import { systemd } from '../../src/deploy/systemd.ts'
import { kubernetes } from '../../src/deploy/kubernetes.ts'
import { nomad } from '../../src/deploy/nomad.ts'
import { launchd } from '../../src/deploy/launchd.ts'
import type { Format } from '../../src/deploy/deployment.ts'
import { ingot, ingotBuild, REPOSITORY, run, runNode } from '../support/commands.ts'
import { copyOfExample } from '../support/example.ts'
import { writeFiles } from '../support/files.ts'
import { installed } from '../support/installed.ts'
import { makeProject } from '../support/project.ts'
import { bootSystemd, type Systemd } from '../support/systemd.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { needTool, skipWithoutRoot } from './elf/executable.fixture.ts'

const GIVEN = { env: { REGION: 'eu' }, args: ['serve', 'a "b" $c'] }
const GREETING = '50% "off", $HOME \\ ${x} %{y} <&> $(z)\nsecond line'

/** Of the program that needs something of everything. */
function rendered(format: Format, given: object = {}): string {
  return format.render(planDeployment(subjectWith(), { ...GIVEN, ...given }, format).deployment)
}

suite('deploy: files that the engines take', async () => {
  const work = temporaryDirectory()
  const fixture = await installed(path.join(REPOSITORY, 'test/fixtures/deploy'))
  const load = createRequire(path.join(fixture, 'package.json'))

  test('systemd-analyze verify and security', async () => {
    needTool('systemd-analyze', 'systemd')
    const executable = path.join(work, 'shop')
    writeFileSync(executable, '', { mode: 0o755 })
    const unit = path.join(work, 'shop.service')
    writeFileSync(unit, rendered(systemd, { path: executable }))
    const { status, stdout, stderr } = await run('systemd-analyze', ['verify', unit])
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' })
    assert.ok((await exposure(unit)) < 2)
  })

  test('Kubernetes: the official schemas, and no property that they do not have', async () => {
    const documents: any[] = load('yaml')
      .parseAllDocuments(rendered(kubernetes(undefined)), { strict: true })
      .map((each: any) => each.toJS())
    const models = path.join(fixture, 'node_modules/kubernetes-models')
    const [{ Deployment }, { Service }] = await Promise.all(
      ['apps/v1', 'v1'].map((name) => import(pathToFileURL(path.join(models, name, 'index.js')).href)),
    )
    const [deployment, service] = documents
    assert.deepEqual(
      documents.map(({ kind }) => kind),
      ['Deployment', 'Service'],
    )
    new Deployment(deployment).validate()
    new Service(service).validate()
    assert.throws(() => new Deployment({ ...deployment, spec: { replicas: 'one' } }).validate())
    const [container] = deployment.spec.template.spec.containers
    assert.equal(
      container.env.find(({ name }: any) => name === 'GREETING').value.replaceAll('$$(', '$('),
      GREETING,
    )
    // The schemas allow any other property, an API server that validates strictly does not: TypeScript knows.
    const typed = (value: object) =>
      `import type { IDeployment } from ${JSON.stringify(path.join(models, 'apps/v1/Deployment.js'))}\n` +
      `import type { IService } from ${JSON.stringify(path.join(models, 'v1/Service.js'))}\n` +
      `export const deployment: IDeployment = ${JSON.stringify(value)}\n` +
      `export const service: IService = ${JSON.stringify(service)}\n`
    assert.equal(await typeErrors(work, typed(deployment)), '')
    deployment.spec.template.spec.containers[0].readynessProbe = {}
    assert.match(await typeErrors(work, typed(deployment)), /readynessProbe/)
  })

  test('Nomad: HCL, with attributes that a job has', async () => {
    const { parse } = load('@cdktf/hcl2json')
    const job = await parse('shop.nomad.hcl', rendered(nomad))
    assert.deepEqual(unknownIn(job, NOMAD), [])
    const [{ env }] = job.job.shop[0].group.shop[0].task.shop
    // What remains of a doubled "$" and "%" is the parser's: as JSON for HCL, strings are templates.
    assert.equal(env[0].GREETING.replaceAll('$${', '${').replaceAll('%%{', '%{'), GREETING)
    assert.equal(env[0].HTTP_PORT, '${NOMAD_PORT_http_port}')
  })

  test('launchd: a property list', async () => {
    needTool('plistutil', 'libplist-utils')
    needTool('python3', 'python3')
    const file = path.join(work, 'shop.plist')
    writeFileSync(file, rendered(launchd))
    const binary = path.join(work, 'shop.bin')
    const { status, stderr } = await run('plistutil', ['-i', file, '-f', 'bin', '-o', binary])
    assert.deepEqual([status, stderr], [0, ''])
    const toJson = 'import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], "rb"))))'
    const { stdout } = await run('python3', ['-c', toJson, binary])
    const { EnvironmentVariables, ProgramArguments } = JSON.parse(stdout)
    assert.equal(EnvironmentVariables.GREETING, GREETING)
    // Its shell gives the program the variables of the file, and all arguments.
    const secrets = path.join(work, 'secrets.env')
    writeFileSync(secrets, `API_TOKEN='a b$c'\n`)
    const [shell, ...args] = ProgramArguments
    const show = ['/bin/sh', '-c', 'printf "%s|" "$API_TOKEN" "$@"', 'sh']
    const command = args.flatMap((each: string) =>
      each.endsWith('secrets.env') ? secrets : each === '/usr/local/bin/shop' ? show : each,
    )
    assert.equal((await run(shell, command)).stdout, 'a b$c|serve|a "b" $c|')
  })
})

async function exposure(unit: string): Promise<number> {
  const { stdout } = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', unit])
  const [, level] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? []
  return Number(level)
}

/** What tsc says of a module. */
async function typeErrors(directory: string, source: string): Promise<string> {
  writeFileSync(path.join(directory, 'typed.mts'), source)
  const tsc = path.join(REPOSITORY, 'node_modules/typescript/bin/tsc')
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', '']
  return (await runNode([tsc, ...options, 'typed.mts'], { cwd: directory })).stdout
}

/** What Nomad's job specification has, as far as it is used; `label` is the block's own name. */
interface Block {
  readonly [name: string]: Block | null
}
const NOMAD: Block = {
  variable: { label: { type: null, description: null } },
  job: {
    label: {
      type: null,
      group: {
        label: {
          restart: { attempts: null, delay: null, interval: null, mode: null },
          network: { port: { label: { static: null } } },
          service: {
            name: null,
            port: null,
            provider: null,
            check: { type: null, interval: null, timeout: null },
          },
          volume: { label: { type: null, source: null } },
          task: {
            label: {
              driver: null,
              user: null,
              artifact: { source: null, destination: null, mode: null },
              config: { command: null, args: null },
              env: null,
              template: { data: null, destination: null, env: null, perms: null, uid: null },
              volume_mount: { volume: null, destination: null },
            },
          },
        },
      },
    },
  },
}

function unknownIn(value: unknown, known: Block): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => unknownIn(each, known))
  return Object.entries(value as object).flatMap(([name, inner]) => {
    const expected = known.label ?? known[name]
    if (expected === undefined) return [name]
    return expected === null ? [] : unknownIn(inner, expected).map((each) => `${name}.${each}`)
  })
}

suite('deploy: from an executable', async () => {
  const project = await copyOfExample('http')
  const file = path.join(project, 'out/http')
  await ingotBuild(['-o', file], { cwd: project })
  const deploy = (...args: readonly string[]) => ingot(['deploy', ...args], { cwd: project })

  test('on standard output, or as a file', async () => {
    const unit = await deploy(file, '--format', 'systemd')
    assert.deepEqual([unit.status, unit.stderr], [0, ''])
    assert.match(unit.stdout, /^ExecStart=\/usr\/local\/bin\/http$/m)
    const written = await deploy(file, '--format', 'systemd', '-o', 'units/http.service')
    assert.deepEqual([written.stdout, written.stderr], ['units/http.service\n', ''])
    assert.equal(readFileSync(path.join(project, 'units/http.service'), 'utf8'), unit.stdout)
    assert.deepEqual(readdirSync(path.join(project, 'units')), ['http.service'])
  })

  test('systemd-analyze verify, and a score below 2.0', async () => {
    const unit = path.join(project, 'http.service')
    await deploy(file, '--format', 'systemd', '--path', file, '-o', unit)
    const { status, stdout, stderr } = await run('systemd-analyze', ['verify', unit])
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' })
    assert.ok((await exposure(unit)) < 2)
  })

  for (const [args, code, message] of [
    [['--format', 'systmd'], 2, /CLI_OPTION_VALUE.*Did you mean --format systemd/s],
    [[], 2, /CLI_MISSING_OPTION/],
    [['--format', 'nomad', '--env', 'PROT=1'], 1, /DEPLOY_VARIABLE.*did you mean PORT/s],
    [['--format', 'nomad', '--env', 'PORT=x'], 1, /DEPLOY_VALUE/],
  ] as const) {
    test(`ingot deploy ${args.join(' ')}: an error, and no file`, async () => {
      const { status, stdout, stderr } = await deploy(file, ...args, '-o', 'none')
      assert.deepEqual([status, stdout], [code, ''])
      assert.match(stderr, message)
      assert.doesNotMatch(stderr, /^ {4}at /m)
      assert.equal(existsSync(path.join(project, 'none')), false)
    })
  }

  test('without a name it is what the project builds', async () => {
    const { status, stderr } = await deploy('--format', 'systemd')
    assert.deepEqual([status, /DEPLOY_NOT_BUILT/.test(stderr)], [1, true])
    const other = await ingot(['deploy', path.join(project, 'package.json'), '--format', 'nomad'], {
      cwd: project,
    })
    assert.match(other.stderr, /IMAGE_NOT_ELF/)
  })
})

const SERVER = `
import { lookup } from 'node:dns/promises'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
const attempt = (run) => { try { return run() } catch (error) { return error.code } }
const write = (file) => attempt(() => (writeFileSync(file, 'x'), 'written'))
createServer(async (request, response) => {
  response.end(JSON.stringify({
    environment: [process.env.GREETING, process.env.TOKEN],
    arguments: process.argv.slice(2),
    key: attempt(() => readFileSync(process.env.KEY, 'utf8')),
    config: attempt(() => readFileSync('/etc/guarded/config.json', 'utf8')),
    writes: ['/var/lib/guarded/x', '/var/cache/guarded/x', 'here', '/usr/x'].map(write),
    loopback: (await lookup('localhost')).address,
  }))
}).listen(Number(process.env.PORT ?? 9090))
`

suite('deploy: under systemd', { skip: skipWithoutRoot }, () => {
  const work = temporaryDirectory()
  let machine: Systemd | undefined
  const at = (name: string) => path.join(work, name)

  before(async () => {
    const project = makeProject(work, {
      'package.json': {
        name: '@acme/guarded',
        type: 'module',
        ingot: {
          contract: {
            enforce: true,
            env: {
              PORT: { type: 'port', default: 9090 },
              GREETING: { default: GREETING.replace('\n', ' ') },
              TOKEN: { required: true, secret: true },
              KEY: { required: true, secret: true },
            },
            files: {
              read: ['$KEY', '/etc/guarded/config.json'],
              write: ['/var/lib/guarded', '/var/cache/guarded', 'here'],
            },
            listen: ['$PORT'],
          },
        },
      },
      'main.mjs': SERVER,
    })
    const file = at('guarded')
    const { start } = await ingotBuild(['main.mjs', '-o', file], { cwd: project })
    assert.equal(start.kind, 'frozen')
    const { status, stderr } = await ingot(
      ['deploy', file, '--format', 'systemd', '--arg', 'a b', '--arg', '$x;%', '-o', at('guarded.service')],
      { cwd: work },
    )
    assert.equal(status, 0, stderr)
    writeFiles(work, { 'secrets.env': 'TOKEN=t0ken\n', key: 'the key', 'config.json': '{}' })
    for (const name of ['secrets.env', 'key']) chmodSync(at(name), 0o600)
    mkdirSync(at('root'))
    machine = await bootSystemd(at('root'), {
      '/usr/local/bin/guarded': file,
      '/etc/systemd/system/guarded.service': at('guarded.service'),
      '/etc/guarded/secrets.env': at('secrets.env'),
      '/etc/guarded/KEY': at('key'),
      '/etc/guarded/config.json': at('config.json'),
    })
  })
  after(() => machine?.end())

  test('the program starts frozen, has what its contract says, and nothing else', async () => {
    const { run: within } = machine!
    const started = await within('systemctl', 'start', 'guarded')
    const journal = await within('journalctl', '--no-pager', '--unit', 'guarded')
    assert.equal(started.status, 0, started.stderr + journal.stdout)
    const ask = `fetch('http://127.0.0.1:9090').then((it) => it.text()).then(console.log)`
    const answer = await within(process.execPath, '-e', ask)
    assert.deepEqual(JSON.parse(answer.stdout || `"${answer.stderr}"`), {
      environment: [GREETING.replace('\n', ' '), 't0ken'],
      arguments: ['a b', '$x;%'],
      key: 'the key',
      config: '{}',
      writes: ['written', 'written', 'written', 'ERR_ACCESS_DENIED'],
      loopback: '127.0.0.1',
    })
    const pid = (await within('systemctl', 'show', '--property=MainPID', '--value', 'guarded')).stdout.trim()
    const { stdout: status } = await within('cat', `/proc/${pid}/status`)
    assert.match(status, /^Seccomp:\t2$/m)
    assert.match(status, /^CapEff:\t0+$/m)
    // Where only a frozen process has something: image/elf/layout.ts.
    assert.match((await within('cat', `/proc/${pid}/maps`)).stdout, /^2aaa/m)
  })
})
