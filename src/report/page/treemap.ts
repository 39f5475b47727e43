// The treemap: one level at a time. A tile with something in it opens; what is too small to be seen is one tile, which
// opens, too. Arrow keys go from tile to tile, Escape goes up.

import type { MapKind, MapNode } from '../data.ts'
import { element, section, sizeText } from './elements.ts'
import { squarify } from './squarify.ts'

/** In every executable, whatever the program is. */
const SHARED: ReadonlySet<MapKind | undefined> = new Set(['runtime', 'libraries', 'bootstrap', 'frozen'])
/** Square pixels. */
const SMALLEST = 500
/** Of the whole, for the tile of what is smaller than that. */
const SHARE_OF_SMALL = 0.02

export function treemap(root: MapNode): HTMLElement {
  const map = element('div', { id: 'map', role: 'group', 'aria-label': 'Treemap of bytes' })
  const trail = element('nav', { class: 'trail', 'aria-label': 'Place in the treemap' })
  const status = element('p', { role: 'status', id: 'map-status' })
  const own = element('input', { type: 'checkbox', id: 'own' })
  let path: MapNode[] = [root]

  const draw = (): void => {
    const hadFocus = map.contains(document.activeElement)
    const node = path.at(-1)!
    const isHidden = (child: MapNode) => own.checked && path.length === 1 && SHARED.has(child.kind)
    const shown = (node.children ?? []).filter((child) => child.size > 0 && !isHidden(child))
    const total = shown.reduce((sum, child) => sum + child.size, 0)
    const inherited = path.findLast((step) => step.kind)?.kind
    map.replaceChildren(...tilesOf(shown, total, inherited, map.clientWidth, map.clientHeight))
    map.querySelector('button')?.setAttribute('tabindex', '0')
    trail.replaceChildren(...crumbs())
    if (hadFocus) map.querySelector('button')?.focus()
    status.textContent = `${path.length === 1 ? 'All' : node.name}: ${sizeText(total)} in ${shown.length} parts`
  }
  const go = (next: MapNode[]): void => {
    path = next
    draw()
  }
  const crumbs = () =>
    path.map((step, i) => {
      const isLast = i === path.length - 1
      const crumb = element(
        'button',
        { type: 'button', 'aria-current': isLast && 'true' },
        i === 0 ? 'All' : step.name,
      )
      crumb.addEventListener('click', () => go(path.slice(0, i + 1)))
      return crumb
    })
  const tilesOf = (
    shown: MapNode[],
    total: number,
    inherited: MapKind | undefined,
    width: number,
    height: number,
  ) => {
    const drawn = gather(shown, total, width * height).toSorted((a, b) => b.weight - a.weight)
    const weights = drawn.map(({ weight }) => weight)
    const rectangles = squarify(weights, { x: 0, y: 0, width, height })
    return drawn.map(({ node }, i) => {
      const { x, y, width: w, height: h } = rectangles[i]!
      const share = `${((node.size / total) * 100).toFixed(1)} %`
      const opens = node.children !== undefined
      const tile = element(
        'button',
        {
          type: 'button',
          class: 'tile',
          tabindex: -1,
          title: `${node.name}  ${sizeText(node.size)}`,
          'aria-label': `${node.name}, ${sizeText(node.size)}, ${share}${opens ? ', opens' : ''}`,
          'data-size': node.size,
          'data-kind': node.kind ?? inherited ?? 'rest',
        },
        element('span', {}, node.name),
        element('span', { class: 'size' }, sizeText(node.size)),
      )
      // The policy allows this, and no style attribute.
      Object.assign(tile.style, { left: `${x}px`, top: `${y}px`, width: `${w}px`, height: `${h}px` })
      tile.addEventListener('click', () => {
        if (opens) go([...path, node])
        else status.textContent = `${node.name}: ${node.size.toLocaleString('en')} bytes, ${share}`
      })
      return tile
    })
  }

  map.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && path.length > 1) return go(path.slice(0, -1))
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const tiles = [...map.querySelectorAll('button')]
    const at = tiles.indexOf(document.activeElement as HTMLButtonElement)
    const next = tiles[(at + step + tiles.length) % tiles.length]
    tiles[at]?.setAttribute('tabindex', '-1')
    next?.setAttribute('tabindex', '0')
    next?.focus()
  })
  own.addEventListener('change', () => go([root]))
  new ResizeObserver(draw).observe(map)

  const hint = 'Enter opens a part, arrow keys go to the next one, Escape goes up.'
  return section(
    'bytes',
    'Bytes',
    element(
      'p',
      { class: 'hint' },
      hint,
      ' ',
      element('label', { for: 'own' }, own, ' Only what is the program’s own'),
    ),
    trail,
    map,
    status,
  )
}

interface Drawn {
  readonly node: MapNode
  /** Its size, unless it would be too small to be seen, or hit. */
  readonly weight: number
}

/** What would be too small is in one. */
function gather(nodes: readonly MapNode[], total: number, area: number): Drawn[] {
  const least = (SMALLEST / area) * total
  const drawn = nodes.filter(({ size }) => size >= least).map((node) => ({ node, weight: node.size }))
  const small = nodes.filter(({ size }) => size < least)
  const [first] = small
  if (!first) return drawn
  if (small.length === 1) return [...drawn, { node: first, weight: least }]
  const size = small.reduce((sum, node) => sum + node.size, 0)
  const node = { name: `${small.length} smaller, not to scale`, size, children: small }
  return [...drawn, { node, weight: Math.max(size, total * SHARE_OF_SMALL) }]
}
