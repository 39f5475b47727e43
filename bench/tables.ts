// Tables of Markdown.

/** The first column is of names, the others of numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = ['---', ...head.slice(1).map(() => '---:')]
  return [head, line, ...rows].map(row).join('\n')
}

/** All columns are of text. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map(row).join('\n')
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
}
