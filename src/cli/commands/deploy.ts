import path from 'node:path'

import { BuildError } from '../../base/diagnostics.ts'
import { nearest } from '../../base/nearest.ts'
import type { DeployFormat } from '../../deploy.ts'
import { parseArguments, type OptionTable } from '../arguments.ts'
import type { Command } from '../command.ts'
import { executableIn } from '../executable-argument.ts'
import { displayPath, paintFor, renderDiagnostic } from '../render.ts'

const DEPLOY_FORMATS = ['systemd', 'kubernetes', 'nomad', 'launchd'] as const satisfies DeployFormat[]

const options = {
  format: { type: 'string', value: 'format', brief: `For what: ${DEPLOY_FORMATS.join(', ')}` },
  out: { type: 'string', short: 'o', value: 'file', brief: 'Where to write it (default: standard output)' },
  env: { type: 'pairs', value: 'name=value', brief: 'Value of a variable that is no secret; repeatable' },
  arg: { type: 'list', value: 'text', brief: 'Argument of the program; repeatable' },
  name: { type: 'string', value: 'name', brief: 'Name of the service (default: the program’s)' },
  path: { type: 'string', value: 'file', brief: 'Where the executable will be (default: /usr/local/bin/…)' },
  image: { type: 'string', value: 'name:tag', brief: 'Image, for Kubernetes (default: name and version)' },
} as const satisfies OptionTable

export const deployCommand: Command = {
  usage: '[executable] --format <format> [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const { format, out, env, arg, name, path: installed, image } = values
    const file = positionals.length === 0 ? undefined : executableIn(positionals, host)
    const { text, diagnostics } = await host.deploy(file, {
      format: formatIn(format),
      ...(env && { env }),
      ...(arg && { args: arg }),
      ...(name !== undefined && { name }),
      ...(installed !== undefined && { path: installed }),
      ...(image !== undefined && { image }),
    })
    const paint = paintFor(host.stderr, host.env)
    for (const diagnostic of diagnostics) host.stderr.write(renderDiagnostic(diagnostic, host.cwd, paint))
    if (out === undefined) {
      host.stdout.write(text)
      return 0
    }
    const target = path.resolve(host.cwd, out)
    await host.writeDeployment(target, text)
    host.stdout.write(`${displayPath(target, host.cwd)}\n`)
    return 0
  },
}

function formatIn(name: string | undefined): DeployFormat {
  const found = DEPLOY_FORMATS.find((each) => each === name)
  if (found) return found
  if (name === undefined) {
    throw new BuildError('CLI_MISSING_OPTION', 'deploy needs a format', {
      help: `Write --format ${DEPLOY_FORMATS.join(', or --format ')}.`,
    })
  }
  const meant = nearest(name, DEPLOY_FORMATS)
  throw new BuildError('CLI_OPTION_VALUE', `--format ${name} is not a format`, {
    help:
      meant === undefined ? `Write one of ${DEPLOY_FORMATS.join(', ')}.` : `Did you mean --format ${meant}?`,
  })
}
