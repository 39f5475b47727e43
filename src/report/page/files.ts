// The table of modules and assets, with search and order. Rows are made as they are asked for: there may be many thousands.

import type { FileRow } from '../data.ts'
import { countText, element, scrolling, section, sizeText, tableRow, type Column } from './elements.ts'

const AT_ONCE = 200

const COLUMNS: readonly (Column<FileRow> & { readonly key: keyof FileRow })[] = [
  { title: 'Path', key: 'path', cell: ({ path }) => path },
  { title: 'Kind', key: 'kind', cell: ({ kind }) => kind },
  { title: 'Package', key: 'package', cell: (row) => row.package },
  { title: 'Size', key: 'size', numeric: true, cell: ({ size }) => sizeText(size) },
  { title: 'Compiled to', key: 'code', numeric: true, cell: ({ code }) => (code > 0 ? sizeText(code) : '') },
  {
    title: 'Code cache',
    key: 'cache',
    numeric: true,
    cell: ({ cache }) => (cache > 0 ? sizeText(cache) : ''),
  },
]

export function fileTable(files: readonly FileRow[]): HTMLElement {
  const search = element('input', { type: 'search', id: 'search', autocomplete: 'off', spellcheck: 'false' })
  const status = element('p', { role: 'status', id: 'found' })
  const body = element('tbody')
  const more = element('button', { type: 'button', id: 'more' })
  let order: { key: keyof FileRow; sign: 1 | -1 } = { key: 'size', sign: -1 }
  let found: FileRow[] = []
  let shown = 0

  const showMore = (): void => {
    body.append(...found.slice(shown, shown + AT_ONCE).map((row) => tableRow(COLUMNS, row)))
    shown = Math.min(found.length, shown + AT_ONCE)
    more.hidden = shown === found.length
    more.textContent = `Show ${Math.min(AT_ONCE, found.length - shown)} more of ${found.length - shown}`
  }
  const update = (): void => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean)
    const matches = (row: FileRow) => {
      const text = `${row.path} ${row.kind} ${row.package}`.toLowerCase()
      return words.every((word) => text.includes(word))
    }
    found = files.filter(matches).toSorted((a, b) => compare(a[order.key], b[order.key]) * order.sign)
    const total = found.reduce((sum, { size }) => sum + size, 0)
    status.textContent = `${found.length.toLocaleString('en')} of ${countText(files.length, 'file')}, ${sizeText(total)}`
    shown = 0
    body.replaceChildren()
    showMore()
  }
  const heads = COLUMNS.map(({ title, key, numeric }) => {
    const sorter = element('button', { type: 'button' }, title)
    const head = element('th', { scope: 'col', class: numeric && 'numeric' }, sorter)
    sorter.addEventListener('click', () => {
      const first = numeric ? -1 : 1
      order = { key, sign: order.key === key ? (order.sign === 1 ? -1 : 1) : first }
      for (const each of heads) each.removeAttribute('aria-sort')
      head.setAttribute('aria-sort', order.sign === 1 ? 'ascending' : 'descending')
      update()
    })
    return head
  })
  heads[3]!.setAttribute('aria-sort', 'descending')
  search.addEventListener('input', update)
  more.addEventListener('click', showMore)
  update()

  const caption = 'Modules and assets. Sizes of bundled ones are those of their sources.'
  const grid = element(
    'table',
    { id: 'files-table' },
    element('caption', {}, caption),
    element('thead', {}, element('tr', {}, ...heads)),
    body,
  )
  return section(
    'files',
    'Modules and assets',
    element('p', {}, element('label', { for: 'search' }, 'Search '), search),
    status,
    scrolling('Modules and assets', grid),
    more,
  )
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
