// The image stage: what has to be written around the payload, in the format of the target.

import { readFileSync } from 'node:fs'

import { BuildError } from './base/diagnostics.ts'
import type { ResolvedConfig } from './config/config.ts'
import { describeDarwin } from './describe-darwin.ts'
import { planAppend, type AppendPlan } from './image/append.ts'
import { planMachO } from './image/macho/append.ts'
import type { MachOBase } from './image/macho/link.ts'
import { ExecutableFile } from './inspect/executable-file.ts'
import { manifestIn } from './known/package-json.ts'
import type { PreparedBase } from './prepare-base.ts'

/** @throws BuildError PAYLOAD_TOO_LARGE, WINDOWS_ICON, WINDOWS_RESOURCES, INFO_PLIST_UNREADABLE, INFO_PLIST_TOO_LARGE */
export async function planImage(
  base: PreparedBase,
  payloadSize: number,
  config: ResolvedConfig,
): Promise<AppendPlan> {
  if (base.macho) return planDarwin(base.macho, base.file, payloadSize, config)
  if (!base.pe) return planAppend(base, payloadSize)
  const { resourcesOf } = await import('./image/pe/appearance.ts')
  const { planPeAppend } = await import('./image/pe/append.ts')
  const { icon, subsystem = 'console', version: strings } = config.windows ?? {}
  const facts = manifestIn(config.projectDir)
  // Not the output's: the same program is the same bytes under any name.
  const name = facts.name?.replace(/^@.*\//, '') ?? config.entries[0]?.name ?? 'program'
  const resources = await resourcesOf({
    manifest: base.pe.manifest,
    icon: icon === undefined ? undefined : { bytes: readIcon(icon), file: icon },
    version: {
      version: facts.version ?? '0.0.0',
      strings: withoutUndefined({
        CompanyName: facts.author,
        FileDescription: facts.description ?? name,
        InternalName: name,
        LegalCopyright: facts.license,
        OriginalFilename: `${name}.exe`,
        ProductName: name,
        ...strings,
      }),
    },
  })
  return planPeAppend({ size: base.size, layout: base.pe }, payloadSize, { resources, subsystem })
}

function planDarwin(
  base: MachOBase,
  baseFile: string,
  payloadSize: number,
  config: ResolvedConfig,
): AppendPlan {
  const { identifier, uuid, info, isInfoOptional } = describeDarwin(config)
  const hasRoom = info.length <= (base.info?.limit ?? 0)
  const { tail, ...plan } = planMachO(base, {
    payloadSize,
    uuid,
    info: isInfoOptional && !hasRoom ? new Uint8Array() : info,
  })
  const { fileOffset, size } = base.linkedit
  const linkedit = ExecutableFile.use(baseFile, (file) => file.read(fileOffset, size, 'the base'))
  // Everything may be named twice.
  const entitlements = new Set([...base.entitlements, ...(config.darwin?.entitlements ?? [])])
  return {
    ...plan,
    tail: Buffer.concat([tail, linkedit]),
    signing: { identifier, entitlements: [...entitlements] },
  }
}

function withoutUndefined(texts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

function readIcon(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new BuildError(
      'WINDOWS_ICON',
      `the icon cannot be read (${(cause as NodeJS.ErrnoException).code})`,
      {
        at: { file },
        help: 'name an .ico file under "windows.icon"; paths start from the file of the configuration',
        cause,
      },
    )
  }
}
