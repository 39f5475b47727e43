// `ingot report`: one page about an executable, that needs no network and obeys nothing that is in the executable. In a
// real browser it can be searched, zoomed and read in both themes.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { bundleReport } from '../../src/bundle-report.ts'
import type { MapNode, ReportData } from '../../src/report/data.ts'
import { renderPage } from '../../src/report/html.ts'
import { inBrowser, type Page } from '../support/browser.ts'
import { ingot, ingotBuild } from '../support/commands.ts'
import type { Files } from '../support/files.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'
import { needTool } from './elf/executable.fixture.ts'

const MODULES = 3000
/** Directories, as a name has no slash. */
const HOSTILE = 'odd/<img src=x onerror=alert(1)></script><script>alert(2)<!--\u2028"\'&.txt'

function project(): Files {
  const modules = Array.from({ length: MODULES }, (_, i) => [`src/module-${i}.js`, `export default ${i}\n`])
  return {
    'package.json': { name: '</script><b>app', version: '1.0.0', type: 'module' },
    'main.js': `import 'dep'\n${modules.map(([name]) => `import './${name}'`).join('\n')}\n`,
    ...Object.fromEntries(modules),
    'node_modules/dep/package.json': { name: 'dep', version: '2.0.0', license: 'MIT' },
    'node_modules/dep/LICENSE': 'Permission is hereby granted </pre><script>alert(3)</script>',
    'node_modules/dep/index.js': '',
    [HOSTILE]: 'x'.repeat(5000),
  }
}

const CONTRACT: NonNullable<ReportData['contract']> = {
  enforce: true,
  env: {
    PORT: {
      type: 'port',
      values: undefined,
      default: '8080',
      required: false,
      secret: false,
      description: '<b>where it listens',
    },
  },
  files: { read: ['/etc/app'], write: [] },
  listen: ['$PORT'],
  connect: ['db.example:5432'],
  run: [],
  workers: false,
  native: true,
  services: { database: { env: 'DATABASE_URL', description: undefined } },
}
const NATIVE: ReportData['native'] = [
  {
    path: 'node_modules/re2/re2.node',
    package: 're2',
    sha256: 'beef'.padEnd(64, '0'),
    size: 1_234_567,
    needs: ['libc.so.6'],
    versions: ['GLIBC_2.34'],
    chain: ['main.js', 'node_modules/re2/re2.js'],
  },
]

suite('ingot report', () => {
  const directory = temporaryDirectory()
  const [executable, page] = [path.join(directory, 'app'), path.join(directory, 'report.html')]
  let html: string
  let data: ReportData

  before(async () => {
    const cwd = makeProject(directory, project())
    const flags = ['--start', 'cold', '--no-bundle', '--include', 'odd/**']
    await ingotBuild(['main.js', '-o', executable, ...flags], { cwd })
    const { status, stdout, stderr } = await ingot(['report', 'app', '-o', 'report.html'], { cwd: directory })
    assert.deepEqual([status, stdout, stderr], [0, 'report.html\n', ''])
    html = readFileSync(page, 'utf8')
    data = JSON.parse(
      /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)![1]!,
    ) as ReportData
  })

  test('every byte of the file is in the map', () => {
    const { size } = statSync(executable)
    assert.deepEqual([data.size, data.map.size, leafSizes(data.map)], [size, size, size])
    const names = data.map.children!.map(({ name }) => name)
    for (const name of ['runtime (node)', 'libraries', 'packages', 'modules', 'assets', 'code cache']) {
      assert.ok(names.includes(name), name)
    }
  })

  test('nothing that is inside is markup, and the policy allows the page’s own script alone', () => {
    assert.ok(!/<img|alert\(/.test(html.replaceAll(JSON.stringify(data).replaceAll('<', '\\u003c'), '')))
    assert.equal(html.match(/<script/g)!.length, 2)
    assert.ok(data.files.some((file) => file.path === HOSTILE))
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(html)![1]!
    const script = /<script>(.*)<\/script>/s.exec(html)![1]!
    const hash = createHash('sha256').update(script).digest('base64')
    assert.ok(policy.includes(`script-src 'sha256-${hash}'`), policy)
    assert.ok(policy.startsWith("default-src 'none';"))
    assert.ok(!/unsafe|https?:/.test(policy))
    assert.ok(!/(?:src|href)="(?!data:,")/.test(html.slice(0, html.indexOf('<script'))))
  })

  test('a place that cannot be written to is said, and so is a file that is none of ours', async () => {
    const unwritable = await ingot(['report', executable, '-o', path.join(executable, 'r.html')])
    assert.match(unwritable.stderr, /OUTPUT_UNWRITABLE.*(?:ENOTDIR|EEXIST)/)
    const foreign = await ingot(['report', process.execPath], { cwd: directory })
    assert.match(foreign.stderr, /IMAGE_NOT_(?:ELF|INGOT)/)
  })

  // Chromium has 350 MB: .ci/run installs it.
  if (THOROUGH) {
    test('in a browser', async (t) => {
      needTool('chromium', 'chromium')
      await inBrowser(page, async (tab) => {
        await t.test('the treemap has a rectangle for each part, and they sum up to the file', () =>
          rectangles(tab),
        )
        await t.test('parts open and close with the keyboard alone', () => keyboard(tab))
        await t.test('search and order of files', () => searching(tab))
        await t.test('both themes, with enough contrast', () => themes(tab))
        await t.test('roles and names for who does not see it', () => accessible(tab))
        await t.test('no error, no request but for the page', () => {
          assert.deepEqual(tab.complaints, [])
          assert.deepEqual(
            tab.requests.filter((url) => !url.startsWith('file://') && !url.startsWith('data:')),
            [],
          )
          assert.equal(tab.requests.filter((url) => url.startsWith('file://')).length, 1)
        })
      })
    })

    test('contract and native code, on a small screen', async () => {
      const other = path.join(directory, 'other.html')
      writeFileSync(other, renderPage({ ...data, contract: CONTRACT, native: NATIVE }, await bundleReport()))
      await inBrowser(other, async (tab) => {
        const width = 360
        await tab.send('Emulation.setDeviceMetricsOverride', {
          width,
          height: 740,
          deviceScaleFactor: 2,
          mobile: true,
        })
        const text = (part: string) => tab.evaluate<string>(`document.querySelector('#${part}').textContent`)
        assert.match(await text('contract'), /Connects to.*db\.example:5432.*PORT.*port.*8080.*<b>where/)
        assert.match(
          await text('native'),
          /re2\.node.*libc\.so\.6.*GLIBC_2\.34.*main\.js → node_modules\/re2/,
        )
        assert.equal(await tab.evaluate(`document.documentElement.scrollWidth`), width)
        assert.deepEqual(tab.complaints, [])
      })
    })
  }

  interface Tile {
    readonly name: string
    readonly size: number
    readonly width: number
    readonly height: number
  }

  const tilesOf = (tab: Page) =>
    tab.evaluate<Tile[]>(`[...document.querySelectorAll('#map .tile')].map((tile) => {
      const { width, height } = tile.getBoundingClientRect()
      return { name: tile.firstChild.textContent, size: Number(tile.dataset.size), width, height }
    })`)

  async function rectangles(tab: Page): Promise<void> {
    const tiles = await tilesOf(tab)
    const total = tiles.reduce((sum, { size }) => sum + size, 0)
    assert.equal(total, statSync(executable).size)
    for (const { name, width, height } of tiles)
      assert.ok(width >= 1 && height >= 1, `${name}: ${width} × ${height}`)
    const [largest, next] = tiles.toSorted((a, b) => b.size - a.size)
    assert.equal(largest!.name, 'runtime (node)')
    const density = ({ width, height, size }: Tile) => (width * height) / size
    assert.ok(Math.abs(density(largest!) / density(next!) - 1) < 0.1, 'areas are as the sizes')
  }

  async function keyboard(tab: Page): Promise<void> {
    await tab.evaluate(`document.querySelector('#own').click()`)
    const own = await tilesOf(tab)
    assert.ok(own.length >= 3 && !own.some(({ name }) => name === 'libraries'))
    const index = own.findIndex(({ name }) => name === 'modules')
    await tab.evaluate(`document.querySelector('#map .tile').focus()`)
    for (let i = 0; i < index; i++) await tab.press('ArrowRight')
    await tab.press('Enter')
    const modules = await tilesOf(tab)
    assert.equal(
      modules.reduce((sum, { size }) => sum + size, 0),
      own[index]!.size,
    )
    assert.equal(await tab.evaluate(`document.querySelector('.trail [aria-current]').textContent`), 'modules')
    assert.ok(await tab.evaluate(`document.activeElement.matches('#map .tile')`))
    await tab.press('Escape')
    assert.equal((await tilesOf(tab)).length, own.length)
  }

  async function searching(tab: Page): Promise<void> {
    const search = (text: string) =>
      tab.evaluate<{ rows: string[]; found: string }>(`(() => {
        const field = document.querySelector('#search')
        field.value = ${JSON.stringify(text)}
        field.dispatchEvent(new Event('input'))
        const rows = [...document.querySelectorAll('#files-table tbody tr')].map((row) => row.firstChild.textContent)
        return { rows, found: document.querySelector('#found').textContent }
      })()`)
    const all = await search('')
    assert.equal(all.rows.length, 200)
    assert.match(all.found, /^3,00\d of 3,00\d files, /)
    assert.deepEqual((await search('MODULE-2999')).rows, ['src/module-2999.js'])
    assert.deepEqual((await search('dep 2.0.0 index')).rows, ['node_modules/dep/index.js'])
    assert.deepEqual((await search('<img onerror')).rows, [HOSTILE])
    const none = await search('no such file')
    assert.deepEqual([none.rows, none.found.startsWith('0 of')], [[], true])
    await search('')
    await tab.evaluate(`document.querySelector('#more').click()`)
    const rows = await tab.evaluate(`document.querySelectorAll('#files-table tbody tr').length`)
    assert.equal(rows, 400)
    await tab.evaluate(`document.querySelector('#files-table thead button').click()`)
    assert.equal(await tab.evaluate(`document.querySelector('#files-table [aria-sort]').textContent`), 'Path')
    assert.equal((await search('module-1')).rows[0], 'src/module-1.js')
  }

  async function themes(tab: Page): Promise<void> {
    for (const scheme of ['light', 'dark'] as const) {
      await tab.send('Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value: scheme }],
      })
      await tab.evaluate(
        `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))`,
      )
      assert.equal(await tab.evaluate(`document.documentElement.dataset.theme`), scheme)
      await contrasts(tab)
    }
    await tab.evaluate(`document.querySelector('#theme').click()`)
    assert.equal(await tab.evaluate(`document.documentElement.dataset.theme`), 'light')
    assert.equal(await tab.evaluate(`getComputedStyle(document.body).backgroundColor`), 'rgb(255, 255, 255)')
    await tab.evaluate(`document.querySelector('#theme').click()`)
    assert.equal(await tab.evaluate(`document.querySelector('#theme').getAttribute('aria-pressed')`), 'true')
    await contrasts(tab)
  }

  /** WCAG 2.2, 1.4.3. */
  async function contrasts(tab: Page): Promise<void> {
    const ratios = await tab.evaluate<[string, number][]>(`(() => {
      const luminance = (text) => {
        const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map((part) => {
          const channel = part / 255
          return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
        })
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
      }
      const behind = (node) => {
        const { backgroundColor } = getComputedStyle(node)
        return /, 0\\)$/.test(backgroundColor) ? behind(node.parentElement) : backgroundColor
      }
      const nodes = document.querySelectorAll('h1, h2, p, a, dt, dd, caption, .tile span, button, tbody tr:first-child > *')
      return [...nodes].map((node) => {
        const [a, b] = [getComputedStyle(node).color, behind(node)].map(luminance).toSorted((x, y) => y - x)
        return [node.outerHTML.slice(0, 80), (a + 0.05) / (b + 0.05)]
      })
    })()`)
    assert.ok(ratios.length > 50)
    assert.deepEqual(
      ratios.filter(([, ratio]) => ratio < 4.5),
      [],
    )
  }

  async function accessible(tab: Page): Promise<void> {
    await tab.send('Accessibility.enable')
    const { nodes } = (await tab.send('Accessibility.getFullAXTree')) as {
      nodes: { ignored: boolean; role?: { value: string }; name?: { value: string } }[]
    }
    const named = (role: string) =>
      nodes.filter((node) => !node.ignored && node.role?.value === role).map((node) => node.name?.value ?? '')
    for (const role of ['button', 'link', 'searchbox', 'table', 'region', 'checkbox', 'navigation']) {
      const names = named(role)
      assert.ok(names.length > 0, role)
      assert.ok(!names.includes(''), `a ${role} without a name`)
    }
    assert.deepEqual(named('heading').slice(0, 3), ['</script><b>app 1.0.0', 'Bytes', 'Modules and assets'])
    assert.ok(named('button').some((name) => /^modules, .* kB, [\d.]+ %, opens$/.test(name)))
    assert.equal(await tab.evaluate(`document.querySelectorAll('main').length`), 1)
    // A licence text is there when it is asked for, as text.
    await tab.evaluate(
      `[...document.querySelectorAll('summary')].find((each) => each.textContent.startsWith('dep ')).click()`,
    )
    await tab.evaluate(`new Promise(requestAnimationFrame)`)
    assert.match(
      await tab.evaluate(`document.querySelector('details[open] pre').textContent`),
      /<\/pre><script>alert\(3\)/,
    )
  }
})

function leafSizes({ size, children }: MapNode): number {
  return children ? children.reduce((sum, child) => sum + leafSizes(child), 0) : size
}
