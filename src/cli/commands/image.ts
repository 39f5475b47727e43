import { BuildError } from '../../base/diagnostics.ts'
import { parseArguments, type OptionTable } from '../arguments.ts'
import { buildOptions, targetOption, toBuildOptions } from '../build-options.ts'
import type { Command } from '../command.ts'
import { watchInterrupts } from '../interrupt.ts'
import { paintFor, renderDiagnostic } from '../render.ts'
import { renderImage } from '../render-image.ts'

const options = {
  tag: {
    type: 'list',
    short: 't',
    value: 'name:tag',
    brief: 'Name of the image, with its registry if it is to be pushed; repeatable',
  },
  output: {
    type: 'string',
    short: 'o',
    value: 'path',
    brief: 'An OCI layout: a directory, or a file that ends in .tar (default: <name>.tar, unless --push)',
  },
  push: { type: 'boolean', brief: 'Push it, with the credentials of docker login or podman login' },
  insecure: { type: 'boolean', brief: 'Push over plain HTTP; on loopback that is so anyhow' },
  layers: {
    type: 'string',
    value: 'how',
    brief: 'split (runtime and program, so that an update sends the program) or whole (the one file)',
  },
  compression: { type: 'string', value: 'kind', brief: 'gzip (default) or zstd' },
  sbom: { type: 'boolean', brief: 'Attach an SBOM (default); --no-sbom does without' },
  ...buildOptions,
  start: {
    ...buildOptions.start,
    brief: 'cold (default for images: the same bytes each time), auto or frozen',
  },
  ...targetOption,
  json: { type: 'boolean', brief: 'Print one JSON document' },
  quiet: { type: 'boolean', short: 'q', brief: 'Print the digest only' },
} as const satisfies OptionTable

export const imageCommand: Command = {
  usage: '[executable | entry | name=entry]... -t name:tag [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const {
      json = false,
      quiet = false,
      tag = [],
      output,
      push,
      insecure,
      layers,
      compression,
      sbom = true,
      ...flags
    } = values
    if (tag.length === 0) {
      throw new BuildError('CLI_ARGUMENT', 'the image has no name', { help: 'Write -t name:tag.' })
    }
    const executables = await host.areExecutables(positionals)
    if (executables) refuseBuildOptions(flags)
    const what = executables
      ? { executables: positionals }
      : {
          ...toBuildOptions(flags),
          ...(positionals.length > 0 && { entry: positionals }),
        }
    const mode = choice('layers', layers, ['split', 'whole'])
    const kind = choice('compression', compression, ['gzip', 'zstd'])
    const interrupt = watchInterrupts()
    try {
      const result = await host.image({
        ...what,
        cwd: host.cwd,
        signal: interrupt.signal,
        tags: tag,
        sbom,
        ...(output !== undefined && { output }),
        ...(push !== undefined && { push }),
        ...(insecure !== undefined && { insecure }),
        ...(mode !== undefined && { layers: mode }),
        ...(kind !== undefined && { compression: kind }),
      })
      if (json) host.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`)
      else if (quiet) host.stdout.write(`${result.digest}\n`)
      else {
        const paint = paintFor(host.stderr, host.env)
        for (const one of result.diagnostics) host.stderr.write(renderDiagnostic(one, host.cwd, paint))
        host.stdout.write(renderImage(result, host.cwd))
      }
      return interrupt.exitCode() ?? 0
    } catch (error) {
      throw interrupt.signal.aborted ? interrupt.signal.reason : error
    } finally {
      interrupt.release()
    }
  },
}

function refuseBuildOptions(flags: Readonly<Record<string, unknown>>): void {
  const [name] = Object.keys(flags).filter((key) => flags[key] !== undefined)
  if (name === undefined) return
  throw new BuildError('CLI_ARGUMENT', `--${name} is about a build, and the executable is built`, {
    help: `Leave it out, or name what is to be built.`,
  })
}

function choice<Value extends string>(
  name: string,
  text: string | undefined,
  values: readonly Value[],
): Value | undefined {
  const value = values.find((it) => it === text)
  if (value !== undefined || text === undefined) return value
  throw new BuildError('CLI_OPTION_VALUE', `--${name} takes ${values.join(' or ')}, not "${text}"`)
}
