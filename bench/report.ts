// The page and the data of a run.

import { FIGURES, type Figure, type FigureName, type Value } from './figures/figure.ts'
import { PLACES } from './figures/places.ts'
import type { Machine } from './machine.ts'
import { table, textTable } from './tables.ts'
import { verdicts, type Verdict } from './verdict.ts'

export interface PeerResult {
  readonly name: string
  readonly about: string
  readonly version?: string
  readonly isReference?: boolean
  /** Why it could not be had. */
  readonly error?: string
}

export interface Comparison {
  readonly machine: Machine
  /** Of starts; builds and servers have fewer. */
  readonly rounds: number
  readonly minutes: number
  readonly peers: readonly PeerResult[]
  readonly values: readonly Value[]
}

export function verdictsOf({ values, peers }: Comparison): Verdict[] {
  return verdicts(values, new Set(peers.filter(({ isReference }) => isReference).map(({ name }) => name)))
}

/** @param notes what a person has to say about it, as Markdown */
export function renderComparison(comparison: Comparison, notes: string): string {
  const { machine, rounds, minutes, peers, values } = comparison
  const sections = Object.values(FIGURES).map((figure) => renderFigure(figure, comparison))
  return [
    '# Ingot and its peers',
    `Written by \`npm run bench\` in ${minutes.toFixed(0)} minutes, one paired run: in each round everybody has one turn. ${rounds} rounds for starts. [latest.json](latest.json) has the same as data.`,
    textTable(
      ['machine', ''],
      Object.entries(machine).map((entry) => [...entry]),
    ),
    '## Where Ingot is first',
    renderVerdicts(verdictsOf(comparison)),
    notes.trim(),
    '## Peers',
    textTable(
      ['peer', 'version', 'what it is'],
      peers.map(({ name, version, about, error }) => [
        name,
        version ?? '—',
        error === undefined ? about : `${about}. **Not measured:** ${error}`,
      ]),
    ),
    ...sections.filter((section) => section !== ''),
    '## What the places are',
    textTable(
      ['place', 'what it is'],
      PLACES.map(({ name, about }) => [name, about]),
    ),
    '## What did not work',
    renderErrors(values),
    '',
  ].join('\n\n')
}

export function renderVerdicts(all: readonly Verdict[]): string {
  return textTable(
    ['figure', 'of', 'Ingot', 'best of the others, or of all', 'verdict'],
    all.map(({ figure, of, ingot, best, by, factor, isFirst, isNear }) => {
      const { title, isAim }: Figure = FIGURES[figure]
      const verdict = isFirst ? 'first' : isNear ? 'within 5 %' : `${factor.toFixed(2)} × ${by}`
      return [
        isAim ? `**${title}**` : title,
        of,
        withUnit(ingot, FIGURES[figure]),
        isFirst ? '—' : `${withUnit(best, FIGURES[figure])} (${by})`,
        isAim && !isNear ? `**${verdict}**` : verdict,
      ]
    }),
  )
}

function renderFigure(figure: Figure & { readonly name: FigureName }, { values, peers }: Comparison): string {
  const own = values.filter((value) => value.figure === figure.name)
  if (own.length === 0) return ''
  const columns = [...new Set(own.map(({ of }) => of))]
  const rows = peers
    .filter(({ name }) => own.some(({ peer }) => peer === name))
    .map(({ name }) => [
      name,
      ...columns.map((of) =>
        cell(
          own.find((value) => value.peer === name && value.of === of),
          figure,
        ),
      ),
    ])
  const details = own
    .filter(({ detail }) => detail !== undefined)
    .map(({ peer, of, detail }) => `- ${peer}, ${of}: ${detail}`)
  const unit = figure.unit === '' ? '' : `, ${figure.unit}`
  return [`## ${figure.title}${unit}`, figure.about, table(['', ...columns], rows), details.join('\n')]
    .filter(Boolean)
    .join('\n\n')
}

function cell(value: Value | undefined, { digits }: Figure): string {
  if (value === undefined) return '—'
  if (value.value === undefined) return 'error'
  const extreme = value.extreme === undefined ? '' : ` (${value.extreme.toFixed(digits)})`
  return `${value.value.toFixed(digits)}${extreme}`
}

function withUnit(value: number, { digits, unit }: Figure): string {
  return `${value.toFixed(digits)} ${unit}`.trim()
}

function renderErrors(values: readonly Value[]): string {
  const failed = values.filter(({ error }) => error !== undefined)
  if (failed.length === 0) return 'Nothing.'
  return textTable(
    ['peer', 'program', 'figure', 'error'],
    failed.map(({ peer, of, figure, error }) => [peer, of, FIGURES[figure].title, error!]),
  )
}
