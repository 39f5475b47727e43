// Squarified treemaps (Bruls, Huizing, van Wijk 2000): rectangles whose areas are as the sizes, as square as may be.

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** @param sizes positive, largest first; one rectangle for each, in order, that fill `area` */
export function squarify(sizes: readonly number[], area: Rectangle): Rectangle[] {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const scale = (area.width * area.height) / total
  const rectangles: Rectangle[] = []
  let rest = area
  for (let start = 0; start < sizes.length;) {
    const side = Math.min(rest.width, rest.height)
    let end = start + 1
    let sum = sizes[start]! * scale
    let worst = worstRatio(sum, sum, sum, side)
    for (; end < sizes.length; end++) {
      const next = sizes[end]! * scale
      const ratio = worstRatio(sum + next, sizes[start]! * scale, next, side)
      if (ratio > worst) break
      worst = ratio
      sum += next
    }
    const isColumn = rest.width >= rest.height
    // What rounding leaves of a long, thin rest is not wider than the rest.
    const thickness = Math.min(sum / side, Math.max(rest.width, rest.height))
    let along = 0
    for (const size of sizes.slice(start, end)) {
      const length = ((size * scale) / sum) * side
      rectangles.push(
        isColumn
          ? { x: rest.x, y: rest.y + along, width: thickness, height: length }
          : { x: rest.x + along, y: rest.y, width: length, height: thickness },
      )
      along += length
    }
    rest = isColumn
      ? { ...rest, x: rest.x + thickness, width: Math.max(0, rest.width - thickness) }
      : { ...rest, y: rest.y + thickness, height: Math.max(0, rest.height - thickness) }
    start = end
  }
  return rectangles
}

/** Of a row of rectangles with that sum, largest and smallest area, along a side. */
function worstRatio(sum: number, largest: number, smallest: number, side: number): number {
  const square = side * side
  return Math.max((square * largest) / (sum * sum), (sum * sum) / (square * smallest))
}
