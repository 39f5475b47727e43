// npm run bench works: with one round of two peers and hello, everything that it promises is in its page and data. No
// times are compared here.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { renderChart } from '../bench/chart.ts'
import { FIGURES, type Value } from '../bench/figures/figure.ts'
import { PLACES } from '../bench/figures/places.ts'
import { withSection } from '../bench/growth-report.ts'
import type { Comparison } from '../bench/report.ts'
import { verdicts } from '../bench/verdict.ts'
import { REPOSITORY } from './support/commands.ts'
import { isolation } from './support/empty-root.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { THOROUGH } from './support/thorough.ts'

test('who is first, or as good as first, is computed', () => {
  const values: Value[] = [
    { figure: 'start', of: 'hello', peer: 'ingot', value: 10.4 },
    { figure: 'start', of: 'hello', peer: 'ingot --start cold', value: 1 },
    { figure: 'start', of: 'hello', peer: 'bun', value: 10 },
    { figure: 'start', of: 'hello', peer: 'go', value: 1 },
    { figure: 'start', of: 'hello', peer: 'deno compile', error: 'there is none' },
    { figure: 'throughput', of: 'fastify', peer: 'ingot', value: 50 },
    { figure: 'throughput', of: 'fastify', peer: 'bun', value: 100 },
    { figure: 'files-written', of: 'hello', peer: 'ingot', value: 0 },
    { figure: 'files-written', of: 'hello', peer: 'bun', value: 0 },
    { figure: 'size', of: 'hello', peer: 'ingot', value: 1 },
  ]
  const short = verdicts(values, new Set(['go'])).map(({ figure, by, factor, isFirst, isNear }) => [
    figure,
    by,
    Number(factor.toFixed(2)),
    isFirst,
    isNear,
  ])
  assert.deepEqual(short, [
    ['start', 'bun', 1.04, false, true],
    ['throughput', 'bun', 2, false, false],
    ['files-written', 'ingot', 1, true, true],
  ])
})

test('a chart has axes with labels and a line for each series', () => {
  const chart = renderChart({
    title: 'a < b',
    x: 'modules',
    y: 'ms',
    series: [
      {
        name: 'node',
        points: [
          [10, 30],
          [10_000, 3000],
        ],
      },
      {
        name: 'ingot',
        points: [
          [10, 5],
          [10_000, 9],
        ],
      },
    ],
  })
  assert.match(chart, /aria-label="a &lt; b"/)
  assert.match(chart, />modules<\/text>[^]*>ms<\/text>/)
  assert.equal(chart.match(/<polyline/g)?.length, 2)
  for (const label of ['10', '100', '1000', '10 k', 'node', 'ingot'])
    assert(chart.includes(`>${label}</text>`), label)
  assert.doesNotMatch(chart, /NaN|undefined|Infinity/)
})

test('a page keeps all but the section that is written', () => {
  const page = 'before\n<!-- a: begin -->\nold\n<!-- a: end -->\nafter\n'
  assert.equal(withSection(page, 'a', 'new'), 'before\n<!-- a: begin -->\n\nnew\n\n<!-- a: end -->\nafter\n')
  assert.throws(() => withSection(page, 'b', ''), /no section b/)
})

test('a run writes a page and data with every figure of who was asked for', { skip: !THOROUGH }, async () => {
  const out = temporaryDirectory()
  const args = [
    'bench/run.ts',
    '--runs',
    '1',
    '--only',
    'ingot,bun compile --trim,bun,node,hello',
    '--out',
    out,
  ]
  // It throws if the bench ends with another code than 0.
  await promisify(execFile)(process.execPath, args, { cwd: REPOSITORY })
  const page = readFileSync(path.join(out, 'latest.md'), 'utf8')
  const data = JSON.parse(readFileSync(path.join(out, 'latest.json'), 'utf8')) as Comparison
  assert.deepEqual(
    data.peers.map(({ name }) => name),
    ['ingot', 'node', 'bun', 'bun compile --trim'],
  )
  assert.match(data.machine['node']!, /^v26\./)

  const valueOf = (figure: string, peer: string) =>
    data.values.find((value) => value.figure === figure && value.peer === peer)?.value
  const figures = [
    'build-cold',
    'build-warm',
    'build-edited',
    'size',
    'compressed',
    'start',
    'files-written',
  ] as const
  for (const figure of figures) {
    assert.equal(typeof valueOf(figure, 'ingot'), 'number', figure)
    assert.equal(typeof valueOf(figure, 'bun'), 'number', figure)
    assert(page.includes(`## ${FIGURES[figure].title}`), figure)
  }
  assert.equal(valueOf('files-written', 'ingot'), 0)
  if (isolation() === 'root') assert.equal(valueOf('places', 'ingot'), PLACES.length)
  // Who cannot be had is there, with the reason.
  const trim = data.peers.find(({ name }) => name === 'bun compile --trim')
  if (trim?.version === undefined) assert(page.includes(`**Not measured:** ${trim?.error}`))
})

test('the sub-benches that are documented are there', () => {
  const text = readFileSync(path.join(REPOSITORY, 'bench/run.ts'), 'utf8')
  const named = [...text.matchAll(/^\/\/ npm run bench -- (\w+)/gm)].map(([, name]) => name!)
  assert(named.length >= 6)
  for (const name of named) assert(text.includes(`positionals[0] === '${name}'`), name)
  assert(existsSync(path.join(REPOSITORY, 'docs/benchmarks.md')))
})
