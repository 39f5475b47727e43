// What comes of the growth curves: charts and tables for docs/benchmarks.md.

import { renderChart } from './chart.ts'
import { seriesOf, type Growth, type Measured, type Step } from './growth.ts'
import type { Machine } from './machine.ts'
import { table } from './tables.ts'

export interface GrowthReport {
  /** File name -> SVG. */
  readonly charts: Readonly<Record<string, string>>
  readonly markdown: string
}

export function renderGrowth(all: readonly Growth[], machine: Machine): GrowthReport {
  const charts: Record<string, string> = {}
  const sections = all.flatMap((growth) => {
    const { axis, title } = growth
    const [start, build] = [`growth-${axis}-start.svg`, `growth-${axis}-build.svg`]
    charts[start] = renderChart({
      title: `Start to the first output by ${title}`,
      x: title,
      y: 'ms',
      series: seriesOf(growth, 'startMs'),
    })
    charts[build] = renderChart({
      title: `Build by ${title}`,
      x: title,
      y: 's',
      series: seriesOf(growth, 'buildS'),
    })
    return [
      `### By ${title}`,
      `![start](${start})`,
      `![build](${build})`,
      renderSteps(growth),
      ...slopes(growth),
      ...errorsOf(growth),
    ]
  })
  const about = `${machine['processor']}, Linux ${machine['kernel']}, Node ${machine['node']}, ${machine['date']}. Starts are medians (minima) in ms, in turns; a build is the first one of its program, with the base there already.`
  return { charts, markdown: [about, ...sections].join('\n\n') }
}

function renderSteps({ title, steps }: Growth): string {
  const names = [...new Set(steps.flatMap(({ measured }) => measured.map(({ by }) => by)))]
  const head = [title, ...names.map((name) => `start, ${name}`), 'build, ingot, s', 'build, bun, s']
  return table(
    head,
    steps.map(({ size, measured }) => {
      const of = (name: string): Measured | undefined => measured.find(({ by }) => by === name)
      const start = (name: string): string => {
        const { startMs, startMinimumMs } = of(name) ?? {}
        return startMs === undefined ? '—' : `${startMs.toFixed(1)} (${startMinimumMs!.toFixed(1)})`
      }
      const build = (name: string): string => of(name)?.buildS?.toFixed(2) ?? '—'
      return [size.toLocaleString('en'), ...names.map(start), build('ingot'), build('bun')]
    }),
  )
}

/** What the largest step costs more than the smallest one. */
function slopes({ steps }: Growth): string[] {
  const [first, last] = [steps[0]!, steps.at(-1)!]
  const minimumOf = ({ measured }: Step, name: string): number | undefined =>
    measured.find(({ by }) => by === name)?.startMinimumMs
  const parts = ['ingot', 'ingot, cold', 'node', 'bun'].flatMap((name) => {
    const [from, to] = [minimumOf(first, name), minimumOf(last, name)]
    return from === undefined || to === undefined ? [] : [`${name} ${(to - from).toFixed(1)} ms`]
  })
  return [`From the first line to the last, minima: ${parts.join('; ')}.`]
}

function errorsOf({ steps }: Growth): string[] {
  const lines = steps.flatMap(({ size, measured }) =>
    measured.flatMap(({ by, error }) =>
      error === undefined ? [] : [`- ${by}, ${size.toLocaleString('en')}: ${error}`],
    ),
  )
  return lines.length > 0 ? [lines.join('\n')] : []
}

/** Replaces what is between the marks of this name. */
export function withSection(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`]
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from === -1 || to < from) throw new Error(`the page has no section ${name}`)
  return `${page.slice(0, from)}${begin}\n\n${text.trim()}\n\n${page.slice(to)}`
}
