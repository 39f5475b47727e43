// Lays out an archive (format/archive.ts). Its bytes depend on nothing but the files: entries
// are sorted by path, no time, no owner and no order of discovery gets in, so that two builds
// of one source are the same.

import { isAscii } from 'node:buffer'
import { crc32 } from 'node:zlib'

import { alignUp, viewOf } from '../base/bytes.ts'
import { BuildError } from '../base/diagnostics.ts'
import {
  ARCHIVE_MAGIC,
  ARCHIVE_VERSION,
  ArchiveEntry,
  ArchiveHeader,
  CHECKED_SIZE,
  FORMAT_COMMONJS,
  FORMAT_MODULE,
  FORMAT_NONE,
  KIND_DIRECTORY,
  KIND_FILE,
  KIND_SYMLINK,
  PAGE_SIZE,
  type Manifest,
} from '../format/archive.ts'
import { hashPath } from '../format/hash.ts'
import type { ArchiveFile, ArchiveLink, ModuleRecord, Payload } from './payload.ts'

/** Two-byte strings and V8's cache are read in place and want alignment. */
const DATA_ALIGNMENT = 16

interface Node {
  readonly path: string
  readonly file?: ArchiveFile
  readonly target?: Uint8Array
  readonly children: Map<string, Node>
}

export interface PackOptions {
  /** Build info, compressed. */
  readonly info?: Uint8Array
  /** It has checksums for who reads it. */
  readonly isChecked?: boolean
  /** What is mapped begins on a page of this size. */
  readonly pageSize?: number | undefined
}

/**
 * Packs files and links; the directories above them appear by themselves. A file whose path begins with NUL has none:
 * it is found by that path alone.
 */
export function packArchive(
  files: readonly ArchiveFile[],
  links: readonly ArchiveLink[],
  manifest: Manifest,
  { info = new Uint8Array(), isChecked = false, pageSize = PAGE_SIZE }: PackOptions = {},
): Payload {
  const hidden = files.filter(isHidden)
  const visible = files.filter((file) => !isHidden(file))
  const nodes = [
    ...inOrder(buildTree(visible, links)),
    ...hidden.map((file): Node => ({ path: file.path, file, children: new Map() })),
  ]
  const paths = nodes.map((node) => Buffer.from(node.path))
  const manifestBytes = Buffer.from(JSON.stringify(manifest))

  const bucketCount = 2 ** Math.ceil(Math.log2(nodes.length * 2))
  const bucketsOffset = ArchiveHeader.size
  const entriesOffset = alignUp(bucketsOffset + 4 * bucketCount, 8)
  const pathsOffset = entriesOffset + ArchiveEntry.size * nodes.length
  const manifestOffset = pathsOffset + paths.reduce((sum, path) => sum + path.length, 0)
  const index = new Uint8Array(alignUp(manifestOffset + manifestBytes.length, DATA_ALIGNMENT))
  const view = viewOf(index)
  index.set(manifestBytes, manifestOffset)

  const data = new DataRun(index.length)
  const parts = { code: 0, codeCache: 0, assets: 0, index: index.length, info: info.length }
  const firstChild = childIndexes(nodes)
  let pathOffset = 0
  nodes.forEach((node, i) => {
    const path = paths[i]!
    index.set(path, pathsOffset + pathOffset)
    const pathHash = hashPath(node.path)
    ArchiveEntry.write(view, entriesOffset + ArchiveEntry.size * i, {
      pathOffset,
      pathLength: path.length,
      pathHash,
      ...NO_MODULE,
      ...describe(node, firstChild[i]!, data, parts, pageSize),
    })
    insert(view, bucketsOffset, bucketCount, pathHash, i)
    pathOffset += path.length
  })

  const infoOffset = data.add(info)
  // Nothing, on its alignment: all before it is in the chunks.
  const checksumsOffset = isChecked ? data.add(new Uint8Array()) : 0
  const checksumsSize = 4 * Math.ceil(checksumsOffset / CHECKED_SIZE)
  ArchiveHeader.write(view, 0, {
    magic: ARCHIVE_MAGIC,
    version: ARCHIVE_VERSION,
    entryCount: nodes.length,
    bucketCount,
    bucketsOffset,
    entriesOffset,
    pathsOffset,
    manifestOffset,
    manifestSize: manifestBytes.length,
    size: isChecked ? checksumsOffset + checksumsSize : data.end,
    infoOffset,
    infoSize: info.length,
    checksumsOffset,
  })
  if (isChecked) data.add(checksumsOf([index, ...data.chunks], checksumsOffset))
  const modules = visible.flatMap(({ path, module, data }) =>
    module ? [{ path, format: module.format, size: (module.code ?? data).length }] : [],
  )
  return { chunks: [index, ...data.chunks], size: data.end, modules, parts }
}

const NO_MODULE = {
  format: FORMAT_NONE,
  codeOffset: 0,
  codeSize: 0,
  cacheSize: 0,
  cacheOffset: 0,
  codeIsAscii: 0,
  reserved0: 0,
  reserved1: 0,
  reserved2: 0,
}

function describe(
  node: Node,
  firstChild: number,
  data: DataRun,
  parts: { code: number; codeCache: number; assets: number },
  pageSize: number,
) {
  if (node.target) {
    return {
      kind: KIND_SYMLINK,
      mode: 0o777,
      dataOffset: data.add(node.target),
      dataSize: node.target.length,
    }
  }
  const { file } = node
  if (!file)
    return { kind: KIND_DIRECTORY, mode: 0o755, dataOffset: firstChild, dataSize: node.children.size }

  const dataOffset = data.add(file.data, file.mapped ? pageSize : DATA_ALIGNMENT)
  parts[file.module ? 'code' : 'assets'] += file.data.length
  return {
    kind: KIND_FILE,
    // As on any read-only mount: copies, which take the mode along, belong to the user.
    mode: file.executable ? 0o755 : 0o644,
    dataOffset,
    dataSize: file.data.length,
    ...(file.module && describeModule(file.module, file.data, dataOffset, data, parts)),
  }
}

function describeModule(
  { format, code, codeCache }: ModuleRecord,
  fileData: Uint8Array,
  dataOffset: number,
  data: DataRun,
  parts: { code: number; codeCache: number },
) {
  parts.code += code?.length ?? 0
  parts.codeCache += codeCache?.length ?? 0
  return {
    format: format === 'module' ? FORMAT_MODULE : FORMAT_COMMONJS,
    codeOffset: code ? data.add(code) : dataOffset,
    codeSize: (code ?? fileData).length,
    codeIsAscii: isAscii(code ?? fileData) ? 1 : 0,
    cacheOffset: codeCache ? data.add(codeCache) : 0,
    cacheSize: codeCache?.length ?? 0,
  }
}

/** Of all of their `size` bytes. */
function checksumsOf(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const sums = new Uint32Array(Math.ceil(size / CHECKED_SIZE))
  let at = 0
  for (const chunk of chunks) {
    for (let start = 0; start < chunk.length;) {
      const piece = chunk.subarray(start, start + CHECKED_SIZE - (at % CHECKED_SIZE))
      const number = Math.floor(at / CHECKED_SIZE)
      sums[number] = crc32(piece, sums[number])
      at += piece.length
      start += piece.length
    }
  }
  return new Uint8Array(sums.buffer)
}

/** The archive's data, collected chunk by chunk with zeros between. */
class DataRun {
  readonly chunks: Uint8Array[] = []
  end: number

  constructor(start: number) {
    this.end = start
  }

  add(bytes: Uint8Array, alignment = DATA_ALIGNMENT): number {
    const offset = alignUp(this.end, alignment)
    if (offset > this.end) this.chunks.push(new Uint8Array(offset - this.end))
    this.chunks.push(bytes)
    this.end = offset + bytes.length
    return offset
  }
}

function buildTree(files: readonly ArchiveFile[], links: readonly ArchiveLink[]): Node {
  const root: Node = { path: '', children: new Map() }
  const place = (path: string, leaf: Omit<Node, 'path' | 'children'>) => {
    let parent = root
    const names = path.split('/')
    names.forEach((name, depth) => {
      let child = parent.children.get(name)
      const isLast = depth === names.length - 1
      if (name === '' || (child && (isLast || isLeaf(child)))) throw conflict(path)
      if (!child) {
        child = { path: names.slice(0, depth + 1).join('/'), children: new Map(), ...(isLast && leaf) }
        parent.children.set(name, child)
      }
      parent = child
    })
  }
  for (const file of files) place(file.path, { file })
  for (const link of links) place(link.path, { target: Buffer.from(link.target) })
  return root
}

function isHidden({ path }: ArchiveFile): boolean {
  return path.startsWith('\0')
}

function isLeaf(node: Node): boolean {
  return node.file !== undefined || node.target !== undefined
}

/** The bytes would depend on the order of discovery. */
function conflict(path: string): BuildError {
  return new BuildError('PAYLOAD_CONFLICT', `two things are to be embedded as ${path}`, {
    help: 'this is a bug in Ingot: please report it with the project',
  })
}

/** Breadth first, so that a directory's children are neighbours. */
function inOrder(root: Node): Node[] {
  const nodes = [root]
  for (let i = 0; i < nodes.length; i++) {
    const children = [...nodes[i]!.children].toSorted(([a], [b]) => (a < b ? -1 : 1))
    for (const [, child] of children) nodes.push(child)
  }
  return nodes
}

function childIndexes(nodes: readonly Node[]): number[] {
  let next = 1
  return nodes.map((node) => {
    const first = next
    next += node.children.size
    return first
  })
}

function insert(
  view: DataView,
  bucketsOffset: number,
  bucketCount: number,
  hash: number,
  index: number,
): void {
  let bucket = hash & (bucketCount - 1)
  while (view.getUint32(bucketsOffset + 4 * bucket, true) !== 0) bucket = (bucket + 1) & (bucketCount - 1)
  view.setUint32(bucketsOffset + 4 * bucket, index + 1, true)
}
