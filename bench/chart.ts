// A line chart as SVG: both axes logarithmic, readable on a light and on a dark page.

export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Chart {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly series: readonly Series[]
}

const WIDTH = 640
const HEIGHT = 360
const PLOT = { left: 64, right: 500, top: 40, bottom: 308 }
/** Told apart by people who see colours in another way, too; markers say the same. */
const COLOURS = ['#d1495b', '#e0902f', '#3b7dd8', '#2a9d6f', '#8a63c9']
const MARKERS = ['circle', 'square', 'diamond', 'triangle', 'cross'] as const

export function renderChart({ title, x, y, series }: Chart): string {
  const points = series.flatMap(({ points }) => points)
  const across = axis(
    points.map(([value]) => value),
    PLOT.left,
    PLOT.right,
  )
  const up = axis(
    points.map(([, value]) => value),
    PLOT.bottom,
    PLOT.top,
  )
  const lines = series.flatMap((one, i) => drawSeries(one, i, across.place, up.place))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">
<style>
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 14px }
  .grid { stroke: #8b949e; stroke-opacity: 0.3 }
  .line { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
</style>
<text class="title" x="${PLOT.left}" y="22">${escaped(title)}</text>
${across.ticks.map((tick) => verticalLine(across.place(tick), short(tick))).join('\n')}
${up.ticks.map((tick) => horizontalLine(up.place(tick), short(tick))).join('\n')}
<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 14}" text-anchor="middle">${escaped(x)}</text>
<text transform="translate(16 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(y)}</text>
${lines.join('\n')}
</svg>
`
}

interface Axis {
  readonly ticks: readonly number[]
  place(value: number): number
}

/** Powers of ten around the values. */
function axis(values: readonly number[], from: number, to: number): Axis {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9))
  return {
    ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
    place: (value) => rounded(from + ((Math.log10(value) - low) / (high - low)) * (to - from)),
  }
}

function verticalLine(x: number, label: string): string {
  return `<line class="grid" x1="${x}" x2="${x}" y1="${PLOT.top}" y2="${PLOT.bottom}"/><text x="${x}" y="${PLOT.bottom + 18}" text-anchor="middle">${label}</text>`
}

function horizontalLine(y: number, label: string): string {
  return `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y}" y2="${y}"/><text x="${PLOT.left - 8}" y="${y + 4}" text-anchor="end">${label}</text>`
}

function drawSeries(
  { name, points }: Series,
  index: number,
  across: (value: number) => number,
  up: (value: number) => number,
): string[] {
  const colour = COLOURS[index % COLOURS.length]!
  const places = points.map(([x, y]) => [across(x), up(y)] as const)
  const legend = PLOT.top + 12 + 22 * index
  return [
    `<polyline class="line" stroke="${colour}" points="${places.map((place) => place.join(',')).join(' ')}"/>`,
    ...[...places, [PLOT.right + 20, legend] as const].map((place) => marker(index, colour, place)),
    `<text x="${PLOT.right + 32}" y="${legend + 4}">${escaped(name)}</text>`,
  ]
}

function marker(index: number, colour: string, [x, y]: readonly [number, number]): string {
  const at = `transform="translate(${x} ${y})"`
  switch (MARKERS[index % MARKERS.length]!) {
    case 'circle':
      return `<circle ${at} r="4" fill="${colour}"/>`
    case 'square':
      return `<path ${at} d="M-4-4h8v8h-8z" fill="${colour}"/>`
    case 'diamond':
      return `<path ${at} d="M0-5l5 5-5 5-5-5z" fill="${colour}"/>`
    case 'triangle':
      return `<path ${at} d="M0-5l5 9h-10z" fill="${colour}"/>`
    case 'cross':
      return `<path ${at} d="M-4-4l8 8M-4 4l8-8" stroke="${colour}" stroke-width="2"/>`
  }
}

function short(value: number): string {
  if (value >= 1e9) return `${value / 1e9} G`
  if (value >= 1e6) return `${value / 1e6} M`
  return value >= 1e4 ? `${value / 1e3} k` : String(rounded(value))
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
