// Debian's binary packages: deb(5), an ar archive of debian-binary, control.tar.* and data.tar.*.

import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { unpackTar } from 'modern-tar/fs'
import { BuildError } from '../base/diagnostics.ts'
import { run } from './command.ts'

interface ArMember {
  readonly name: string
  readonly data: Buffer
}

const MAGIC = '!<arch>\n'
const HEADER_BYTES = 60
const HEADER_END = '`\n'
const DECOMPRESS_TIMEOUT_MS = 60_000

/** Writes files of a package into `dir`: `wanted` maps their path in the package to one in `dir`. */
export async function unpackDeb(
  file: string,
  dir: string,
  wanted: ReadonlyMap<string, string>,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const targetOf = (name: string) => wanted.get(name.replace(/^\.\//, ''))
  const unpack = unpackTar(dir, {
    filter: (header) => header.type === 'file' && targetOf(header.name) !== undefined,
    map: (header) => ({ ...header, name: targetOf(header.name) ?? header.name }),
    fmode: 0o755,
    dmode: 0o755,
  })
  await pipeline(Readable.from([await dataTar(file, env)]), unpack)
}

async function dataTar(file: string, env: NodeJS.ProcessEnv): Promise<Buffer> {
  const member = readAr(readFileSync(file), file).find(({ name }) => name.startsWith('data.tar'))
  switch (member?.name) {
    case 'data.tar':
      return member.data
    case 'data.tar.gz':
      return gunzipSync(member.data)
    case 'data.tar.zst':
      return zstdDecompressSync(member.data)
    case 'data.tar.xz':
      // Node has no xz. dpkg-deb has, and is there wherever apt is.
      return run('dpkg-deb', ['--fsys-tarfile', file], {
        cwd: dirname(file),
        env,
        timeoutMs: DECOMPRESS_TIMEOUT_MS,
      })
    default:
      throw invalidDeb(file, 0, `no data.tar that can be read (${member?.name ?? 'none'})`)
  }
}

/** ar(5), the common format. Long names are not needed: deb(5) has none. */
export function readAr(bytes: Buffer, file: string): readonly ArMember[] {
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw invalidDeb(file, 0, 'not an ar archive')
  const members: ArMember[] = []
  let offset = MAGIC.length
  while (offset < bytes.length) {
    const header = bytes.toString('latin1', offset, offset + HEADER_BYTES)
    const size = Number(header.slice(48, 58))
    const start = offset + HEADER_BYTES
    if (!header.endsWith(HEADER_END) || !Number.isInteger(size)) {
      throw invalidDeb(file, offset, 'not an ar member header')
    }
    if (start + size > bytes.length) throw invalidDeb(file, offset, 'the archive is cut off')
    // GNU ar ends names with a slash, dpkg does not.
    const name = header.slice(0, 16).trimEnd().replace(/\/$/, '')
    members.push({ name, data: bytes.subarray(start, start + size) })
    // Members start at even offsets.
    offset = start + size + (size % 2)
  }
  return members
}

function invalidDeb(file: string, offset: number, problem: string): BuildError {
  return new BuildError('DEB_INVALID', `not a Debian package: ${problem}`, {
    at: { file, offset },
    help: 'download it again',
  })
}
