// Says which known word a mistyped one was probably meant to be, for options and configuration keys.

/** Damerau-Levenshtein distance (optimal string alignment): a swap of neighbours is one edit, not two. */
export function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? Infinity
  for (let row = 1; row <= from.length; row++) {
    rows[row] = [row]
    for (let column = 1; column <= to.length; column++) {
      const cost = from[row - 1] === to[column - 1] ? 0 : 1
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      rows[row]![column] = Math.min(
        cell(row - 1, column) + 1,
        cell(row, column - 1) + 1,
        cell(row - 1, column - 1) + cost,
        swapped ? cell(row - 2, column - 2) + 1 : Infinity,
      )
    }
  }
  return cell(from.length, to.length)
}

/** The known word closest to `word`, or undefined where a suggestion would be a guess. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length * 0.4))
  const ranked = known
    .map((candidate) => ({
      candidate,
      // An abbreviation is as clear as one wrong letter, however much of the word is missing.
      distance: word !== '' && candidate.startsWith(word) ? 1 : editDistance(word, candidate),
    }))
    .toSorted((a, b) => a.distance - b.distance)
  return ranked[0] !== undefined && ranked[0].distance <= limit ? ranked[0].candidate : undefined
}
