import { BuildError } from '../../base/diagnostics.ts'
import type { Inspection, SbomFormat } from '../../inspect.ts'
import { parseArguments, type OptionTable } from '../arguments.ts'
import type { Command } from '../command.ts'
import { executableIn } from '../executable-argument.ts'
import type { Host } from '../host.ts'
import { renderInspection } from '../render-inspection.ts'
import { paintFor } from '../render.ts'

const options = {
  json: { type: 'boolean', brief: 'Print one JSON document' },
  sbom: { type: 'string', value: 'format', brief: 'Print an SBOM: cyclonedx (1.7) or spdx (3.0.1), as JSON' },
  entitlements: { type: 'boolean', brief: 'Print what it may do on macOS, for signing it anew' },
} as const satisfies OptionTable

const SBOM_FORMATS: readonly string[] = ['cyclonedx', 'spdx'] satisfies SbomFormat[]

export const inspectCommand: Command = {
  usage: '<executable> [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const file = executableIn(positionals, host)
    host.stdout.write(await textOf(file, values, host))
    return 0
  },
}

interface Options {
  readonly json?: boolean
  readonly sbom?: string
  readonly entitlements?: boolean
}

async function textOf(
  file: string,
  { json = false, sbom, entitlements = false }: Options,
  host: Host,
): Promise<string> {
  if (sbom !== undefined) return host.sbom(file, sbomFormat(sbom), creationDate(host.env))
  const inspection = await host.inspect(file)
  if (entitlements) return entitlementsIn(inspection)
  if (json) return `${JSON.stringify(inspection, undefined, 2)}\n`
  return renderInspection(inspection, paintFor(host.stdout, host.env))
}

function entitlementsIn({ signature, file, info }: Inspection): string {
  if (signature) return signature.entitlements
  throw new BuildError('INSPECT_NO_ENTITLEMENTS', `an executable for ${info.target} has no entitlements`, {
    at: { file },
    help: 'pass one that was built for darwin-arm64 or darwin-x64',
  })
}

function sbomFormat(name: string): SbomFormat {
  if (SBOM_FORMATS.includes(name)) return name as SbomFormat
  throw new BuildError('CLI_OPTION_VALUE', `--sbom ${name} is not a format`, {
    help: `Write --sbom ${SBOM_FORMATS.join(' or --sbom ')}.`,
  })
}

/** Of the document. https://reproducible-builds.org/specs/source-date-epoch/ */
function creationDate({ SOURCE_DATE_EPOCH: seconds }: Host['env']): Date {
  return seconds !== undefined && /^\d+$/.test(seconds) ? new Date(Number(seconds) * 1000) : new Date()
}
