// Where Ingot stands, figure by figure: computed, so that nobody can be kind to it.

import { FIGURES, type Figure, type FigureName, type Value } from './figures/figure.ts'

/** What counts as first. */
const AS_GOOD_AS_FIRST = 1.05

export interface Verdict {
  readonly figure: FigureName
  readonly of: string
  readonly ingot: number
  readonly best: number
  /** Who has the best one. */
  readonly by: string
  /** How many times worse than the best one Ingot is; 1 if it is the best. */
  readonly factor: number
  readonly isFirst: boolean
  /** First, or as good as. */
  readonly isNear: boolean
}

/** @param references names of peers that do not count */
export function verdicts(values: readonly Value[], references: ReadonlySet<string>): Verdict[] {
  const groups = Object.groupBy(values, ({ figure, of }) => JSON.stringify([figure, of]))
  return Object.values(groups).flatMap((group = []) => {
    const ingot = group.find(({ peer }) => peer === 'ingot')?.value
    const others = group.filter(
      ({ peer, value }) => value !== undefined && !peer.startsWith('ingot') && !references.has(peer),
    )
    if (ingot === undefined || others.length === 0) return []
    return [verdict(group[0]!, ingot, others)]
  })
}

function verdict({ figure, of }: Value, ingot: number, others: readonly Value[]): Verdict {
  const { best: direction }: Figure = FIGURES[figure]
  const factorOf = (value: number): number => {
    if (value === ingot) return 1
    return direction === 'lowest' ? ingot / value : value / ingot
  }
  const [best] = others.toSorted((a, b) => factorOf(b.value!) - factorOf(a.value!))
  const factor = factorOf(best!.value!)
  const isFirst = factor <= 1
  return {
    figure,
    of,
    ingot,
    best: isFirst ? ingot : best!.value!,
    by: isFirst ? 'ingot' : best!.peer,
    factor: Math.max(1, factor),
    isFirst,
    isNear: factor <= AS_GOOD_AS_FIRST,
  }
}
