// `ingot image`: a program as an OCI image from scratch, in a layout, in a tar or in a registry. No daemon, no Docker.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { BuildError, type Diagnostic } from './base/diagnostics.ts'
import type { ImageOptions, ImageResult } from './base/image-result.ts'
import { isLinux } from './base/targets.ts'
import { buildTargets } from './build.ts'
import { resolveConfig } from './config/resolve-config.ts'
import { imageLayers } from './image-layers.ts'
import { readExecutable } from './inspect/read-executable.ts'
import { sbomOf } from './inspect.ts'
import { publishDirectory, publishTar, withLayout, type Workspace } from './output/oci/layout.ts'
import { firstBytes, formatOf, platformOf } from './output/oci/platform.ts'
import { writeImage, type PlatformImage } from './output/oci/write-image.ts'
import { parseReference } from './output/oci-registry/reference.ts'
import { pushTo } from './push-image.ts'

/**
 * What is built for an image starts cold, unless `start` says otherwise: then the same sources give the same image.
 * @throws BuildError IMAGE_…, OUTPUT_…, PUSH_…, and all that a build throws. Nothing half done has the output's name, or a tag.
 */
export async function image(options: ImageOptions): Promise<ImageResult> {
  const { cwd = process.cwd(), push = false } = options
  const references = options.tags.map(parseReference)
  if (references.length === 0) {
    throw new BuildError('IMAGE_NAME', 'the image has no name', { help: 'name it with -t name:tag' })
  }
  const fallback = push ? undefined : `${path.basename(references[0]!.repository)}.tar`
  const output = options.output ?? fallback
  if (output !== undefined) {
    const out = path.resolve(cwd, output)
    return withLayout(out, (space) => makeImage(options, references, space, out))
  }
  const temporary = mkdtempSync(path.join(tmpdir(), 'ingot-image-'))
  try {
    const out = path.join(temporary, 'image')
    return await withLayout(out, (space) => makeImage(options, references, space, undefined))
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** Whether these words of a command line name executables, and not entry modules. */
export function areExecutables(files: readonly string[], cwd: string): boolean {
  const formats = files.map((file) => {
    try {
      return formatOf(firstBytes(path.resolve(cwd, file)))
    } catch {
      return undefined // a directory, or a build says that there is nothing
    }
  })
  const [some, all] = [formats.some(Boolean), formats.every(Boolean)]
  if (some === all || formats.length === 0) return formats.length > 0 && all
  throw new BuildError('CLI_ARGUMENT', 'some arguments are executables, and some are not', {
    help: 'name executables of one program, or what is to be built',
  })
}

async function makeImage(
  options: ImageOptions,
  references: readonly ReturnType<typeof parseReference>[],
  { store, work }: Workspace,
  out: string | undefined,
): Promise<ImageResult> {
  const { cwd = process.cwd(), env = process.env, push = false, insecure = false, signal } = options
  const given = options.executables?.map((file) => path.resolve(cwd, file))
  const { files, diagnostics } = given ? { files: given, diagnostics: [] } : await buildFor(options, work)
  const created = creationTime(env)
  const images: PlatformImage[] = []
  for (const file of files) images.push(await platformImage(file, options, { store, work }, { created, env }))
  requireOneEach(images, files)

  const written = writeImage(store, images)
  const tags = references.map(({ name, tag }) => ({ name, tag }))
  const pushed = push ? await pushTo(references, written, store, { env, insecure, signal }) : []
  const artifacts = written.platforms.flatMap(({ sbom }) => sbom ?? [])
  signal?.throwIfAborted()
  if (out?.endsWith('.tar')) await publishTar(store, { top: written.top, tags, artifacts }, out)
  else if (out !== undefined) await publishDirectory(store, { top: written.top, tags, artifacts }, out)
  return {
    names: references.map(({ name }) => name),
    digest: written.top.digest,
    platforms: images.map(({ platform, start, layers }, i) => ({
      platform: `${platform.os}/${platform.architecture}`,
      digest: written.platforms[i]!.manifest.digest,
      start,
      layers: layers.map(({ comment, descriptor: { digest, size } }) => ({ comment, digest, size })),
      sbom: written.platforms[i]!.sbom?.digest,
    })),
    output: out,
    pushed,
    diagnostics: [
      ...diagnostics,
      ...images.flatMap(({ layers }, i) => wholeDiagnostic(options, layers, files[i]!)),
    ],
  }
}

async function buildFor({ start = 'cold', ...options }: ImageOptions, work: string) {
  const { cwd = process.cwd() } = options
  const { targets } = await resolveConfig(options, { cwd })
  const foreign = targets.find((target) => !isLinux(target))
  if (foreign !== undefined) {
    throw new BuildError('IMAGE_PLATFORM', `containers are Linux, and ${foreign} is not`, {
      help: 'name linux-x64, linux-arm64 or both with --target',
    })
  }
  // Layers are compressed anyway, and whoever runs the image shares memory with others that do.
  const outcomes = await buildTargets({
    ...options,
    start,
    compress: false,
    out: path.join(work, 'program'),
  })
  const results = outcomes.map((outcome) => {
    if ('error' in outcome) throw outcome.error
    return outcome.result
  })
  return {
    files: results.map(({ out }) => out),
    diagnostics: results.flatMap(({ diagnostics }) => diagnostics),
  }
}

async function platformImage(
  file: string,
  { compression = 'gzip', layers: mode = 'split', sbom = true, signal }: ImageOptions,
  { store, work }: Workspace,
  { created, env }: { created: Date; env: NodeJS.ProcessEnv },
): Promise<PlatformImage> {
  // First: what is no ELF file has no launch table either, and then the reason is another one.
  const platform = platformOf(file)
  const { info, start, seal } = readExecutable(file)
  return {
    info,
    platform,
    start,
    seal: seal?.root,
    created: created.toISOString().replace('.000Z', 'Z'),
    layers: await imageLayers(file, info, { mode, compression, store, work, env, signal }),
    sbom: sbom ? await sbomOf(file, 'cyclonedx', created) : undefined,
  }
}

/** https://reproducible-builds.org/specs/source-date-epoch/; the same for everybody, where nobody has said anything. */
function creationTime({ SOURCE_DATE_EPOCH: text = '0' }: NodeJS.ProcessEnv): Date {
  const created = new Date(Number(text) * 1000)
  if (/^\d+$/.test(text) && !Number.isNaN(created.getTime())) return created
  throw new BuildError('IMAGE_TIME', `SOURCE_DATE_EPOCH is "${text}", and should be seconds since 1970`, {
    help: 'unset it, or set it to a whole number, as git log -1 --format=%ct gives it',
  })
}

function requireOneEach(images: readonly PlatformImage[], files: readonly string[]): void {
  const seen = new Map<string, string>()
  images.forEach(({ platform: { architecture } }, i) => {
    const other = seen.get(architecture)
    if (other !== undefined) {
      throw new BuildError('IMAGE_PLATFORM', `this is for ${architecture}, as ${other} is`, {
        at: { file: files[i]! },
        help: 'an image has one executable for each platform',
      })
    }
    seen.set(architecture, files[i]!)
  })
}

function wholeDiagnostic(
  { layers: mode = 'split' }: ImageOptions,
  layers: readonly unknown[],
  file: string,
): Diagnostic[] {
  if (mode === 'whole' || layers.length > 1) return []
  return [
    {
      severity: 'info',
      code: 'IMAGE_ONE_LAYER',
      message:
        'the executable is one layer, which is sent as a whole when anything changes: it is signed, or cannot be cut',
      at: { file },
      help: 'put the unsigned executable into the image, and sign the image',
    },
  ]
}
