import { readFileSync } from 'node:fs'
import path from 'node:path'

const template = readFileSync(path.join(import.meta.dirname, '../templates/index.html'), 'utf8')

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Fills `{{key}}` in the template. */
export function renderPage(values: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, key: string) => escapeHtml(values[key] ?? ''))
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
}
