// The report as one page that needs nothing else, and to which nothing else gets: its policy allows just its own script
// and style, by hash, and no connection. What is in the executable is data in it, never markup.

import { createHash } from 'node:crypto'

import type { ReportData } from './data.ts'
import { STYLE } from './style.ts'

/** @param script the page's (report/page/), as one classic script */
export function renderPage(data: ReportData, script: string): string {
  const policy = [
    "default-src 'none'",
    `script-src ${sourceOf(script)}`,
    `style-src ${sourceOf(STYLE)}`,
    // The empty icon below: a browser would else ask for /favicon.ico.
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${textOf(data.title)} · Ingot report</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<noscript>This report is drawn by its own script: allow it, or use ingot inspect.</noscript>
<script type="application/json" id="data">${jsonOf(data)}</script>
<script>${script}</script>
</body>
</html>
`
}

/** CSP 3, hash-source. */
function sourceOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

/** HTML, script data state: neither `</script` nor `<!--` may be in it. */
function jsonOf(data: unknown): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c')
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

function textOf(text: string): string {
  return text.replaceAll(/[&<>]/g, (character) => ENTITIES[character]!)
}
