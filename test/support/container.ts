// Runs an image as container engines do: its layers unpacked one over the other, its config made a bundle's, and runc.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after } from 'node:test'

import type { Manifest } from '../../src/output/oci/descriptor.ts'
import { run } from './commands.ts'
import { temporaryDirectory } from './temporary.ts'

interface ImageConfig {
  readonly config: { readonly User: string; readonly Env?: string[]; readonly Entrypoint: string[] }
}

export interface Container {
  readonly child: ChildProcess
  /** Ends with the exit code. */
  stop(): Promise<number | null>
  output(): string
}

/**
 * As the image's user, who is nobody, in a read-only root, without capabilities, in the host's network.
 * @param layout with one image
 */
export async function runContainer(layout: string, env: readonly string[]): Promise<Container> {
  const blob = (digest: string) => path.join(layout, 'blobs', digest.replace(':', '/'))
  const read = (file: string): any => JSON.parse(readFileSync(file, 'utf8'))
  const index: { manifests: { digest: string; artifactType?: string }[] } = read(
    path.join(layout, 'index.json'),
  )
  const top = index.manifests.find(({ artifactType }) => artifactType === undefined)!
  const manifest: Manifest = read(blob(top.digest))
  const { config }: ImageConfig = read(blob(manifest.config.digest))

  const bundle = temporaryDirectory()
  mkdirSync(path.join(bundle, 'rootfs'))
  for (const { digest } of manifest.layers) {
    const { status, stderr } = await run('tar', ['-xf', blob(digest), '-C', path.join(bundle, 'rootfs')])
    if (status !== 0) throw new Error(stderr)
  }
  const spec = await run('runc', ['spec'], { cwd: bundle })
  if (spec.status !== 0) throw new Error(`runc spec: ${spec.stderr}`)
  const file = path.join(bundle, 'config.json')
  const given = read(file)
  const [uid, gid] = config.User.split(':').map(Number)
  writeFileSync(
    file,
    JSON.stringify({
      ...given,
      root: { path: 'rootfs', readonly: true },
      process: {
        ...given.process,
        terminal: false,
        user: { uid, gid },
        args: config.Entrypoint,
        env: [...(config.Env ?? []), ...env],
        cwd: '/',
        capabilities: {},
        noNewPrivileges: true,
      },
      linux: {
        ...given.linux,
        namespaces: given.linux.namespaces.filter(({ type }: { type: string }) => type !== 'network'),
      },
    }),
  )
  const name = `ingot-test-${process.pid}-${path.basename(bundle)}`
  const root = path.join(bundle, 'state')
  const child = spawn('runc', ['--root', root, 'run', name], {
    cwd: bundle,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => (text += bytes.toString()))
  const ended = once(child, 'exit') as Promise<[number | null]>
  const stop = async () => {
    if (child.exitCode === null) await run('runc', ['--root', root, 'kill', name, 'TERM'])
    return (await ended)[0]
  }
  after(async () => {
    if (child.exitCode === null) await run('runc', ['--root', root, 'delete', '--force', name])
  })
  return { child, stop, output: () => text }
}
