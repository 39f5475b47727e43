// Makes elements. Text only ever becomes text, so names of files may be anything.

type Properties = Readonly<Record<string, string | number | boolean | undefined>>
type Child = Node | string

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(properties)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : String(value))
  }
  made.append(...children)
  return made
}

/** A part of the page, with a heading that can be linked to. */
export function section(id: string, title: string, ...children: readonly Child[]): HTMLElement {
  const heading = element('h2', { id: `${id}-title` }, title)
  return element('section', { id, 'aria-labelledby': `${id}-title` }, heading, ...children)
}

/** Columns whose cells are numbers have `numeric`. */
export interface Column<Row> {
  readonly title: string
  readonly numeric?: true
  readonly cell: (row: Row) => Child
}

export function table<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): HTMLElement {
  const head = columns.map(({ title, numeric }) =>
    element('th', { scope: 'col', class: numeric && 'numeric' }, title),
  )
  return scrolling(
    caption,
    element(
      'table',
      {},
      element('caption', {}, caption),
      element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...rows.map((row) => tableRow(columns, row))),
    ),
  )
}

export function tableRow<Row>(columns: readonly Column<Row>[], row: Row): HTMLTableRowElement {
  return element(
    'tr',
    {},
    ...columns.map(({ cell, numeric }, i) =>
      i === 0
        ? element('th', { scope: 'row' }, cell(row))
        : element('td', { class: numeric && 'numeric' }, cell(row)),
    ),
  )
}

/** Wide tables scroll by themselves, with the keyboard too. */
export function scrolling(label: string, child: HTMLElement): HTMLElement {
  return element('div', { class: 'scrolling', role: 'region', tabindex: 0, 'aria-label': label }, child)
}

/** Decimal units, as Ingot counts. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 999_950 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

export function countText(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}
