// `ingot dev`: whatever happens to the sources, the program that runs is in the end that of the sources as they are, and
// in between the last one that was good.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { isRunning } from '../../src/base/is-running.ts'
import { ownCache } from '../support/cache.ts'
import { INGOT } from '../support/commands.ts'
import { ask, DevSession, type DevOptions } from '../support/dev-session.ts'
import type { Files } from '../support/files.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

const SERVER: Files = {
  'package.json': { name: 'app', type: 'module' },
  'src/main.ts': `import http from 'node:http'
import { text } from './text.ts'
const server = http.createServer((request, response) => {
  if (request.url === '/crash') throw new Error('crashed')
  if (request.url === '/slow') setTimeout(() => response.end(text), 300)
  else response.end(text)
})
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log('port', (server.address() as { port: number }).port, process.pid)
})
`,
  'src/text.ts': "export const text: string = 'one'\n",
}

suite('ingot dev', { concurrency: 2 }, () => {
  const directory = temporaryDirectory()

  const start = (t: TestContext, args: readonly string[], options: DevOptions): DevSession => {
    const dev = new DevSession(args, options)
    t.after(() => dev.end('SIGKILL'))
    return dev
  }
  const startServer = async (t: TestContext, files: Files = {}, options: Partial<DevOptions> = {}) => {
    const project = makeProject(directory, { ...SERVER, ...files })
    const dev = start(t, ['src/main.ts'], { cwd: project, ...options })
    const [port, pid] = (await dev.says(/port (\d+) (\d+)/, 'stdout')).slice(1).map(Number) as [
      number,
      number,
    ]
    const put = (file: string, text: string) => {
      mkdirSync(path.dirname(path.join(project, file)), { recursive: true })
      writeFileSync(path.join(project, file), text)
    }
    const putText = (text: string) => put('src/text.ts', `export const text: string = '${text}'\n`)
    const answers = (text: string) => dev.until(`answer ${text}`, async () => (await dev.ask(port)) === text)
    await answers('one')
    return { dev, project, port, pid, put, putText, answers }
  }

  test('runs what is there, and then what has become of it', async (t) => {
    const { putText, answers, dev, put } = await startServer(t)
    putText('two')
    await answers('two')
    put('src/more.ts', "export const more = 'three'\n")
    put('src/text.ts', "import { more } from './more.ts'\nexport const text: string = more\n")
    await answers('three')
    put('src/more.ts', "export const more = 'four'\n")
    await answers('four')
    put('src/deep/est.ts', "export const more = 'five'\n")
    put('src/text.ts', "export { more as text } from './deep/est.ts'\n")
    await answers('five')
    put('src/deep/est.ts', "export const more = 'six'\n")
    await answers('six')
    assert.doesNotMatch(dev.stderr, /error|warning/)
  })

  test('sees assets, compiler options, packages and the configuration change', async (t) => {
    const { answers, put } = await startServer(t, {
      'tsconfig.json': { compilerOptions: { paths: { '@/*': ['./a/*'] } } },
      'ingot.config.ts': 'export default { define: { NAME: \'"n1"\' } }\n',
      'a/x.ts': "export const x = 'xa'\n",
      'b/x.ts': "export const x = 'xb'\n",
      'node_modules/dep/package.json': { name: 'dep', main: 'index.js' },
      'node_modules/dep/index.js': "module.exports = 'd1'\n",
      'data/t.txt': 'one',
    })
    put(
      'src/text.ts',
      `import { readFileSync } from 'node:fs'
import dep from 'dep'
import { x } from '@/x'
declare const NAME: string
export const text = [readFileSync(new URL('../data/t.txt', import.meta.url), 'utf8'), dep, x, NAME].join(' ')
`,
    )
    await answers('one d1 xa n1')
    put('data/t.txt', 'two')
    await answers('two d1 xa n1')
    put('tsconfig.json', JSON.stringify({ compilerOptions: { paths: { '@/*': ['./b/*'] } } }))
    await answers('two d1 xb n1')
    put('ingot.config.ts', 'export default { define: { NAME: \'"n2"\' } }\n')
    await answers('two d1 xb n2')
    put('node_modules/dep/index.js', "module.exports = 'd2'\n")
    await answers('two d2 xb n2')
  })

  test('fails no request while processes come and go, and answers with the new one from then on', async (t) => {
    const { dev, putText, answers, port } = await startServer(t)
    const agents = [new http.Agent({ keepAlive: true, maxSockets: 6 }), new http.Agent()]
    const versions: number[] = []
    const over = new AbortController()
    const clients = [0, 0, 0, 0, 0, 0, 1, 1].map(async (which, i) => {
      for (let count = i; !over.signal.aborted; count++) {
        const text = await ask(port, agents[which], count % 20 === 0 ? '/slow' : '/')
        versions.push(text === 'one' ? 0 : Number(text))
        await delay(Math.random() * 5)
      }
    })
    for (let version = 1; version <= 15; version++) {
      putText(String(version))
      await answers(String(version))
      // A connection that was kept open leads to the new process, too, once the old one has handed it over.
      await dev.until('the same there', async () => (await ask(port, agents[0])) === String(version))
    }
    over.abort()
    await Promise.all(clients)
    assert.ok(versions.length > 200, `${versions.length} requests`)
    for (const agent of agents) agent.destroy()
  })

  if (THOROUGH)
    test('a storm of saves ends with the last of them, without a start for each', async (t) => {
      const { dev, putText, answers } = await startServer(t)
      dev.forget()
      for (let i = 0; i < 500; i++) {
        putText(`storm${i}`)
        await delay(2)
      }
      await answers('storm499')
      await delay(300)
      const starts = dev.stdout.match(/port/g)!.length
      assert.ok(starts < 50, `${starts} starts`)
      assert.doesNotMatch(dev.stderr, /error/)
    })

  test('an error is shown with its line, and the last program goes on until it is mended', async (t) => {
    const { dev, put, putText, answers, port } = await startServer(t)
    dev.forget()
    put('src/text.ts', "// a comment\nexport const text: string = 'two\n")
    await dev.says(/error \S+ src\/text\.ts:2:\d+/)
    await dev.says(/> 2 \| export const text: string = 'two\n\s+\| +\^/)
    assert.equal(await dev.ask(port), 'one')
    put('src/text.ts', "import { more } from './missing.ts'\nexport const text = more\n")
    await dev.says(/missing\.ts/)
    assert.equal(await dev.ask(port), 'one')
    putText('two')
    await answers('two')
    put('src/text.ts', "export const text = 'three'\nthrow new Error('at import')\n")
    await dev.says(/at import[^]*the last one goes on/)
    assert.equal(await dev.ask(port), 'two')
    putText('four')
    await answers('four')
  })

  if (THOROUGH)
    test('files that are deleted, renamed and come back', async (t) => {
      const { dev, project, put, putText, answers, port } = await startServer(t)
      const file = (name: string) => path.join(project, 'src', name)
      dev.forget()
      rmSync(file('text.ts'))
      await dev.says(/error[^]*text\.ts/)
      assert.equal(await dev.ask(port), 'one')
      putText('two')
      await answers('two')
      renameSync(file('text.ts'), file('other.ts'))
      const main = readFileSync(file('main.ts'), 'utf8')
      put('src/main.ts', main.replace('./text.ts', './other.ts'))
      await dev.until('the next process', () => dev.stdout.match(/port/g)?.length === 2)
      put('src/other.ts', "export const text = 'three'\n")
      await answers('three')
      // As editors write: a new file takes the place of the old one.
      put('src/other.ts.tmp', "export const text = 'four'\n")
      renameSync(file('other.ts.tmp'), file('other.ts'))
      await answers('four')
      renameSync(path.join(project, 'src'), path.join(project, 'was'))
      await dev.says(/error/)
      renameSync(path.join(project, 'was'), path.join(project, 'src'))
      put('src/other.ts', "export const text = 'five'\n")
      await answers('five')
    })

  if (THOROUGH)
    test('a program that is wrong from the beginning, and lies elsewhere', async (t) => {
      const project = makeProject(directory, { ...SERVER, 'lib/text.ts': "export const text = 'one'\n" })
      const file = path.join(project, 'src/text.ts')
      writeFileSync(file, "export { text } from '../lib/tex.ts'\n")
      const dev = start(t, [path.join(project, 'src/main.ts')], { cwd: directory })
      await dev.says(/error \S+ .*text\.ts:1/)
      writeFileSync(file, "export { text } from '../lib/text.ts'\n")
      const [, port] = await dev.says(/port (\d+)/, 'stdout')
      writeFileSync(path.join(project, 'lib/text.ts'), "export const text = 'two'\n")
      await dev.until('answer two', async () => (await dev.ask(Number(port))) === 'two')
    })

  test('a configuration that becomes invalid', async (t) => {
    const { dev, put, putText, answers, port } = await startServer(t, {
      'ingot.config.ts': 'export default { define: {} }\n',
    })
    put('ingot.config.ts', 'export default { defin: {} }\n')
    await dev.says(/error CONFIG_\w+ ingot\.config\.ts/)
    putText('two')
    await delay(300)
    assert.equal(await dev.ask(port), 'one')
    put('ingot.config.ts', 'export default { define: {} }\n')
    await answers('two')
  })

  if (THOROUGH)
    test('a program that is killed, and one that fails while it serves', async (t) => {
      const { dev, port } = await startServer(t)
      const pid = Number(/port \d+ (\d+)/.exec(dev.stdout)![1])
      await delay(1100) // what has not lived for a second would not the next time
      process.kill(pid, 'SIGKILL')
      // The socket is open all the time: nobody is refused.
      assert.equal(await ask(port), 'one')
      await dev.says(/SIGKILL\): it is started again/)
      await delay(1100)
      await assert.rejects(ask(port, undefined, '/crash'))
      assert.equal(await ask(port), 'one')
      await dev.says(/exit code 1\): it is started again/)
    })

  if (THOROUGH)
    test(
      'a disk that is full, and then is not',
      { skip: process.getuid?.() !== 0 && 'needs root to mount' },
      async (t) => {
        const { root: cache, env } = await ownCache(directory)
        const script = 'mkdir -p "$1/dev" && mount -t tmpfs -o size=180m tmpfs "$1/dev"; shift; exec "$@"'
        const under = ['unshare', '--mount', '--propagation=private', 'sh', '-c', script, 'sh', cache]
        const { dev, project, putText, answers, port } = await startServer(t, {}, { under, env })
        // Its own view of the file system: the disk is filled through it.
        const inside = `/proc/${dev.process.pid}/root${cache}/dev/filler`
        spawnSync('dd', ['if=/dev/zero', `of=${inside}`, 'bs=4k'], { stdio: 'ignore' })
        putText('two')
        await dev.says(/error DEV_UNWRITABLE/)
        assert.equal(await dev.ask(port), 'one')
        rmSync(inside)
        await answers('two')
        assert.ok(project)
      },
    )

  test('ends with its program, and leaves nothing behind', async (t) => {
    const { root, env } = await ownCache(directory, 'other-cache')
    const files = {
      'src/main.ts': `process.on('SIGTERM', () => setTimeout(() => { console.log('in order'); process.exit() }, 50))\n${SERVER['src/main.ts'] as string}`,
    }
    const { dev } = await startServer(t, files, { env })
    const pid = Number(/port \d+ (\d+)/.exec(dev.stdout)![1])
    assert.equal(await dev.end('SIGTERM'), 143)
    assert.match(dev.stdout, /in order/)
    assert.throws(() => process.kill(pid, 0))
    assert.deepEqual(readdirSync(path.join(root, 'dev')), [])
  })

  test('when it is killed itself, its program ends', async (t) => {
    const { dev, pid } = await startServer(t)
    await dev.end('SIGKILL')
    await dev.until('the program is gone', () => !isRunning(pid))
  })

  test('when it is killed while its program rests for the next one, both end', async (t) => {
    const { dev, pid, put } = await startServer(t)
    put('src/text.ts', 'for (const end = Date.now() + 2000; Date.now() < end;);\n')
    await dev.until('it rests', () => isStopped(pid))
    await dev.end('SIGKILL')
    await dev.until('the program is gone', () => !isRunning(pid))
  })

  test('a program that serves nothing runs to its end, then again', async (t) => {
    const project = makeProject(directory, {
      'package.json': { type: 'module' },
      'main.ts':
        "import { stdin } from 'node:process'\nstdin.on('data', (d) => console.log('read', String(d))).on('end', () => process.exit(3))\nconsole.log('one', process.argv.slice(2))\n",
    })
    const dev = start(t, ['main.ts', '--flag', 'a b'], { cwd: project })
    dev.process.stdin.end('input')
    await dev.says(/exit code 3\): waiting for changes/)
    assert.equal(dev.stdout, "one [ '--flag', 'a b' ]\nread input\n")
    dev.forget()
    writeFileSync(path.join(project, 'main.ts'), "console.log('two')\n")
    await dev.says(/exit code 0/)
    assert.equal(dev.stdout, 'two\n')
  })

  test('a file that will not be there where the program runs', async (t) => {
    const project = makeProject(directory, {
      'package.json': { type: 'module' },
      'main.ts': `import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
const name = ['settings', 'json'].join('.')
console.log(readFileSync(path.join(process.cwd(), 'data', name), 'utf8'))
console.log(await readFile('data/other.txt', 'utf8'))
console.log(readFileSync(new URL('inside.txt', import.meta.url), 'utf8'))
readFileSync(process.argv[2]!)
`,
      'data/settings.json': '{}',
      'data/other.txt': 'other',
      'inside.txt': 'inside',
      'given.txt': 'given',
    })
    const dev = start(t, ['main.ts', 'given.txt'], { cwd: project })
    await dev.says(/exit code 0/)
    const told = [...dev.stderr.matchAll(/warning DEV_HOST_FILE (\S+) +(\S+) is read/g)].map(
      ([, at, file]) => `${at} ${file}`,
    )
    assert.deepEqual(told, ['main.ts:5:13 data/settings.json', 'main.ts:6:19 data/other.txt'])
    assert.match(dev.stderr, /"include": \["data\/settings\.json"\]/)
  })

  test('types are checked beside', async (t) => {
    const project = makeProject(directory, {
      ...SERVER,
      'tsconfig.json': {
        compilerOptions: { strict: true, module: 'nodenext', allowImportingTsExtensions: true, types: [] },
      },
      'src/main.ts':
        "import { text } from './text.ts'\nconst number: number = text\nsetInterval(() => {}, 1000)\nprocess.stdout.write(`ran ${number}\\n`)\ndeclare const process: any, setInterval: any\n",
    })
    const dev = start(t, ['--check', 'src/main.ts'], { cwd: project })
    await dev.says(/ran one/, 'stdout')
    await dev.says(/error TYPE_ERROR src\/main\.ts:2:7/)
    writeFileSync(path.join(project, 'src/text.ts'), 'export const text: number = 2\n')
    await dev.says(/ran 2/, 'stdout')
    await dev.says(/the types are right/)
  })

  if (THOROUGH)
    test('keys of the terminal', async (t) => {
      const project = makeProject(directory, SERVER)
      const command = [process.execPath, INGOT, 'dev', '--inspect-port=0', 'src/main.ts'].map(
        (word) => `'${word}'`,
      )
      // script(1) gives it a terminal, and passes on what it reads.
      const dev = new DevSession([], {
        cwd: project,
        command: ['script', '-qec', command.join(' '), '/dev/null'],
        env: { NO_COLOR: '1' },
      })
      t.after(() => dev.end('SIGKILL'))
      await dev.says(/r restart, o open, i inspect, q quit/, 'stdout')
      await dev.says(/Debugger listening/, 'stdout')
      const [, port] = await dev.says(/port (\d+)/, 'stdout')
      dev.forget()
      dev.process.stdin.write('r')
      await dev.says(new RegExp(`port ${port}`), 'stdout')
      dev.forget()
      dev.process.stdin.write('i')
      await delay(200)
      dev.process.stdin.write('i')
      await dev.says(/Debugger listening/, 'stdout')
      dev.process.stdin.write('q')
      assert.equal(await dev.ended, 0)
    })
})

/** proc_pid_stat(5): its state is behind its name. */
function isStopped(pid: number): boolean {
  return readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') T ')
}
