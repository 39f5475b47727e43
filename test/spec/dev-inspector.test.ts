// `ingot dev --inspect`: a debugger, as Chrome and VS Code speak to one, stops at lines of the TypeScript source. What
// ships cannot be asked for that.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { ingotBuild } from '../support/commands.ts'
import { Debugger } from '../support/debugger.ts'
import { DevSession } from '../support/dev-session.ts'
import { startInEmptyRoot } from '../support/empty-root.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const FILES = {
  'package.json': { name: 'app', type: 'module' },
  'tsconfig.json': { compilerOptions: { experimentalDecorators: true } },
  'src/main.ts': `import { Shape } from './shape.ts'
interface Options {
  readonly size: number
}
function area({ size }: Options): number {
  const result: number = size * size
  return result
}
setInterval(() => {
  new Shape(area({ size: 3 }))
}, 50)
console.log('running', 1)
`,
  // An enum takes a compiler: what runs has a source map.
  'src/shape.ts': `enum Kind { Round, Square = 7 }

export class Shape {
  readonly kind: Kind
  constructor(readonly area: number) {
    const kind: Kind = Kind.Square
    this.kind = kind
  }
}
`,
}

suite('ingot dev --inspect', () => {
  const directory = temporaryDirectory()
  const listening = /Debugger listening on (ws:\S+)/

  test('stops at lines of the source, in the next process too', async (t) => {
    const project = makeProject(directory, FILES)
    const dev = new DevSession(['--inspect-port', '0', 'src/main.ts'], { cwd: project })
    t.after(() => dev.end())
    const stopAtArea = async (url: string): Promise<Debugger> => {
      const client = await Debugger.connect(url)
      await client.send('Runtime.enable')
      await client.send('Debugger.enable')
      const line = FILES['src/main.ts'].split('\n').findIndex((text) => text.includes('return result'))
      await client.send('Debugger.setBreakpointByUrl', {
        lineNumber: line,
        url: 'file:///dev/null/app/src/main.ts',
      })
      const frame = await client.paused()
      assert.deepEqual([frame.functionName, frame.location.lineNumber], ['area', line])
      const { result } = await client.send('Debugger.evaluateOnCallFrame', {
        callFrameId: frame.callFrameId,
        expression: 'size + 9',
      })
      assert.equal(result.value, 12)
      return client
    }
    const client = await stopAtArea((await dev.says(listening))[1]!)
    const shape = client.scripts.find(({ url }) => url.endsWith('/shape.ts'))!
    const map = JSON.parse(Buffer.from(shape.sourceMapURL.split(',')[1]!, 'base64').toString())
    assert.deepEqual(map.sourcesContent, [FILES['src/shape.ts']])
    assert.match(new URL(map.sources[0], shape.url).href, /\/shape\.ts$/)
    await client.send('Debugger.resume')
    client.close()

    dev.forget()
    writeFileSync(path.join(project, 'src/main.ts'), FILES['src/main.ts'].replace('running', 'again'))
    const again = await stopAtArea((await dev.says(listening))[1]!)
    await again.send('Debugger.disable')
    again.close()
  })

  test('waits for a debugger if it is to', async (t) => {
    const project = makeProject(directory, FILES)
    const dev = new DevSession(['--inspect-wait', '--inspect-port=0', 'src/main.ts'], { cwd: project })
    t.after(() => dev.end())
    const [, url = ''] = await dev.says(listening)
    await delay(300)
    assert.equal(dev.stdout, '')
    const client = await Debugger.connect(url)
    await client.send('Runtime.runIfWaitingForDebugger')
    await dev.says(/running/, 'stdout')
    client.close()
  })

  test('is closed in what ships', async () => {
    const project = makeProject(directory, FILES)
    const { out } = await ingotBuild(['src/main.ts', '-o', 'out'], { cwd: project })
    const program = startInEmptyRoot(out, { args: ['--inspect'], env: { NODE_OPTIONS: '--inspect=0' } })
    await delay(500)
    program.process.kill('SIGUSR1')
    await delay(500)
    program.kill('SIGKILL')
    assert.doesNotMatch((await program.outcome).stderr, /Debugger/)
    assert.ok(readFileSync(out).length > 0)
  })
})
