// The parts of the page that only have to be read.

import type { ReportData } from '../data.ts'
import { countText, element, section, sizeText, table } from './elements.ts'

export function buildInfo({ facts, fuses }: ReportData): HTMLElement {
  const pairs = facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)])
  return section(
    'build',
    'Build',
    element('dl', {}, ...pairs),
    table(
      'Fuses',
      [
        { title: 'Fuse', cell: ([name]) => name },
        { title: 'State', cell: ([, isOpen]) => (isOpen ? 'open' : 'closed') },
      ],
      fuses,
    ),
  )
}

export function packages({ packages: list }: ReportData): HTMLElement {
  if (list.length === 0) return section('packages', 'Packages', element('p', {}, 'No package is inside.'))
  const bySize = list.toSorted((a, b) => b.size - a.size)
  return section(
    'packages',
    'Packages',
    table(
      countText(list.length, 'package'),
      [
        { title: 'Package', cell: ({ name }) => name },
        { title: 'Version', cell: ({ version }) => version },
        { title: 'Licence', cell: ({ license }) => license ?? 'not said' },
        { title: 'Size', numeric: true, cell: ({ size }) => sizeText(size) },
        { title: 'Integrity', cell: ({ integrity }) => integrity ?? '' },
        { title: 'Place', cell: ({ path }) => path },
      ],
      bySize,
    ),
  )
}

export function nativeCode({ native, crypto }: ReportData): HTMLElement {
  return section(
    'native',
    'Native code and cryptography',
    native.length === 0
      ? element('p', {}, 'No native code but node’s own is inside.')
      : table(
          'Native code',
          [
            { title: 'Path', cell: ({ path }) => path },
            { title: 'Package', cell: (code) => code.package },
            { title: 'Size', numeric: true, cell: ({ size }) => sizeText(size) },
            { title: 'Links to', cell: ({ needs }) => needs.join(', ') },
            { title: 'Needs', cell: ({ versions }) => versions.join(', ') },
            { title: 'Brought by', cell: ({ chain }) => chain.join(' → ') },
            { title: 'SHA-256', cell: ({ sha256 }) => sha256 },
          ],
          native,
        ),
    table(
      'Cryptography',
      [
        { title: 'Name', cell: ({ name }) => name },
        { title: 'Version', cell: ({ version }) => version },
        { title: 'Kind', cell: ({ kind }) => kind },
        { title: 'From', cell: (from) => from.package ?? 'node' },
      ],
      crypto,
    ),
  )
}

export function contract({ contract: terms }: ReportData): HTMLElement {
  if (!terms) return section('contract', 'Contract', element('p', {}, 'The program declares none.'))
  const { env, files, listen, connect, run, workers, native, services, enforce } = terms
  const yes = (value: boolean) => (value ? 'yes' : 'no')
  const places: (readonly [string, string])[] = [
    ['Enforced', yes(enforce)],
    ['Reads', files.read.join(', ')],
    ['Writes', files.write.join(', ')],
    ['Listens to', listen.join(', ')],
    ['Connects to', connect.join(', ')],
    ['Runs', run.join(', ')],
    ['Workers', yes(workers)],
    ['Native code', yes(native)],
    ...Object.entries(services).map(([name, service]) => [`Service ${name}`, service.env] as const),
  ]
  const pairs = places.flatMap(([name, value]) => [
    element('dt', {}, name),
    element('dd', {}, value || 'nothing'),
  ])
  return section(
    'contract',
    'Contract',
    element('dl', {}, ...pairs),
    table(
      'Environment variables',
      [
        { title: 'Name', cell: ([name]) => name },
        { title: 'Type', cell: ([, { type, values }]) => (values ? values.join(' | ') : type) },
        { title: 'Required', cell: ([, { required }]) => yes(required) },
        { title: 'Default', cell: ([, rule]) => rule.default ?? '' },
        { title: 'Secret', cell: ([, { secret }]) => yes(secret) },
        { title: 'Description', cell: ([, { description }]) => description ?? '' },
      ],
      Object.entries(env),
    ),
  )
}

export function licences({ notices }: ReportData): HTMLElement {
  const texts = notices.map(({ of, text }) => {
    const details = element('details', {}, element('summary', {}, of.join(', ')))
    // Some are long, and there are many: made when they are looked at.
    details.addEventListener(
      'toggle',
      () => details.append(element('pre', {}, text ?? 'No text comes with it.')),
      {
        once: true,
      },
    )
    return details
  })
  return section('licences', 'Licences', ...texts)
}
