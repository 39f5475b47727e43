// Puts the page together from the data in it.

import type { ReportData } from '../data.ts'
import { element, sizeText } from './elements.ts'
import { fileTable } from './files.ts'
import { buildInfo, contract, licences, nativeCode, packages } from './sections.ts'
import { treemap } from './treemap.ts'

const data = JSON.parse(document.querySelector('#data')!.textContent) as ReportData

const parts = [
  treemap(data.map),
  fileTable(data.files),
  packages(data),
  nativeCode(data),
  contract(data),
  buildInfo(data),
  licences(data),
]
const links = parts.map((part) =>
  element('a', { href: `#${part.id}` }, part.querySelector('h2')!.textContent),
)

document.body.append(
  element('a', { class: 'skip', href: '#main' }, 'To the report'),
  element(
    'header',
    {},
    element('h1', {}, data.title),
    element('p', {}, `${data.name}, ${sizeText(data.size)} (${data.size.toLocaleString('en')} bytes)`),
    themeSwitch(),
    element('nav', { 'aria-label': 'Parts of the report' }, ...links),
  ),
  element('main', { id: 'main', tabindex: -1 }, ...parts),
)

/** As the system has it, until it is pressed. */
function themeSwitch(): HTMLElement {
  const button = element('button', { type: 'button', id: 'theme' }, 'Dark theme')
  const system = matchMedia('(prefers-color-scheme: dark)')
  let chosen: boolean | undefined
  const show = (): void => {
    const isDark = chosen ?? system.matches
    document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light'
    button.setAttribute('aria-pressed', String(isDark))
  }
  button.addEventListener('click', () => {
    chosen = !(chosen ?? system.matches)
    show()
  })
  system.addEventListener('change', show)
  show()
  return button
}
