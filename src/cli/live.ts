// One line per stage. Finished stages stay above, if wanted; the last line shows what runs now and is redrawn in place.

import { stripVTControlCharacters } from 'node:util'
import type { StageEvent } from '../base/build-result.ts'
import type { Output } from './host.ts'
import { formatTime, type Paint } from './render.ts'

/** ECMA-48: carriage return, EL 2 (erase in line). */
const ERASE_LINE = '\r\x1b[2K'

interface StageLines {
  update(event: StageEvent): void
  /** Ends the block: stages still running either stopped there or never said that they were done. */
  close(outcome: 'done' | 'failed'): void
}

/** Of one of several builds with its target. */
function nameOf({ stage, target }: Pick<StageEvent, 'stage' | 'target'>): string {
  return target === undefined ? stage : `${target} ${stage}`
}

export function createStageLines(
  output: Output,
  paint: Paint,
  { keepsFinished = true }: { keepsFinished?: boolean } = {},
): StageLines {
  const running = new Map<string, StageEvent>()

  const line = (mark: string, { elapsedMs, detail, ...event }: StageEvent): string => {
    const time = elapsedMs === undefined ? '' : formatTime(elapsedMs)
    // Erasing reaches one row only: a line that wraps would leave its first row behind.
    const room = (output.columns ?? 80) - 22
    const text = stripVTControlCharacters(detail ?? '').replaceAll('\n', ' ')
    const shown = text.length > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text
    return `${mark} ${nameOf(event).padEnd(8)} ${paint('dim', `${time.padStart(7)}  ${shown}`)}`.trimEnd()
  }
  const drawRunning = (): void => {
    const events = [...running.values()]
    const [first] = events
    if (first === undefined) return
    const others = events.slice(1).map(nameOf)
    const detail = [first.detail, others.length > 0 ? `and ${others.join(', ')}` : undefined]
      .filter(Boolean)
      .join(' ')
    output.write(line(paint('cyan', '◌'), { ...first, detail }))
  }

  return {
    update(event) {
      output.write(ERASE_LINE)
      if (event.state === 'start') running.set(nameOf(event), event)
      else {
        running.delete(nameOf(event))
        if (keepsFinished) output.write(`${line(paint('green', '✔'), event)}\n`)
      }
      drawRunning()
    },
    close(outcome) {
      if (running.size > 0) output.write(ERASE_LINE)
      if (outcome === 'failed' && keepsFinished)
        for (const event of running.values()) output.write(`${line(paint('red', '✘'), event)}\n`)
      running.clear()
    },
  }
}
