import { BuildError } from '../base/diagnostics.ts'
import { nearest } from '../base/nearest.ts'
import { HOST, TARGETS, type Target } from '../base/targets.ts'
import type { Layer } from './layer.ts'

/** For the machine that builds, or where Ingot has no such target for what most servers are. */
const DEFAULT: Target = HOST ?? 'linux-x64'

/** At least one, each once: `linux-x64`, `linux-x64,darwin-arm64`, a list of those, or `all`. */
export function parseTargets(
  picked: { value: string | readonly string[]; layer: Layer } | undefined,
): readonly [Target, ...Target[]] {
  if (picked === undefined) return [DEFAULT]
  const { value, layer } = picked
  const names = [value].flat().flatMap((text) => text.split(','))
  const targets = names.flatMap((name) => (name === 'all' ? TARGETS : [named(name, layer)]))
  const [first = DEFAULT, ...rest] = new Set(targets)
  return [first, ...rest]
}

function named(name: string, { at }: Layer): Target {
  const target = TARGETS.find((known) => known === name)
  if (target !== undefined) return target
  const meant = nearest(name, TARGETS)
  throw new BuildError('CONFIG_TARGET', `unknown target "${name}"`, {
    ...(at && { at }),
    help:
      meant === undefined
        ? `The targets are ${TARGETS.join(', ')}, and all.`
        : `Did you mean ${meant}? The targets are ${TARGETS.join(', ')}, and all.`,
  })
}
