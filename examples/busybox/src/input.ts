import { readFileSync } from 'node:fs'

const STANDARD_INPUT = 0

export function readStandardInput(): string {
  return readFileSync(STANDARD_INPUT, 'utf8')
}
