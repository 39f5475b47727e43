// The resources of a PE file: a tree of three levels (type, name, language) whose leaves are addresses of data.

import { viewOf } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import { HIGH_BIT, ResourceDataEntry, ResourceDirectory, ResourceDirectoryEntry } from './structs.ts'

/** An id, or a name: upper case, as look-ups fold names before they compare. */
export type ResourceName = number | string

export interface ResourceKey {
  readonly type: ResourceName
  readonly name: ResourceName
  readonly language: number
}

/** Where the data of a resource lies. */
export interface PlacedResource extends ResourceKey {
  /** Relative to the image's base. */
  readonly address: number
  readonly size: number
  readonly codepage: number
}

/** What the tables have room for in our executables: an icon of 60 images, or so. */
export const TABLES_SIZE = 4096
/** Damage may let directories contain each other. */
const RESOURCE_LIMIT = 4096

/**
 * @param tables from the first directory on
 * @param at for messages: the file, and where in it `tables` begin
 * @throws BuildError IMAGE_MALFORMED with the byte offset
 */
export function readResources(tables: Uint8Array, at: { file: string; offset: number }): PlacedResource[] {
  const view = viewOf(tables)
  const malformed = (message: string, offset: number): never => {
    throw new BuildError('IMAGE_MALFORMED', message, {
      at: { file: at.file, offset: at.offset + offset },
      help: 'get the file again: it is cut off or has been changed',
    })
  }
  const requireBytes = (what: string, offset: number, size: number, saidAt: number) => {
    if (offset + size > tables.length) malformed(`${what} lies outside of the resources`, saidAt)
  }
  const readName = (offset: number, saidAt: number): string => {
    requireBytes('a name', offset, 2, saidAt)
    const length = view.getUint16(offset, true)
    requireBytes('a name', offset + 2, length * 2, saidAt)
    return Buffer.from(tables.subarray(offset + 2, offset + 2 + length * 2)).toString('utf16le')
  }
  const resources: PlacedResource[] = []
  const walk = (offset: number, path: readonly ResourceName[], saidAt: number): void => {
    requireBytes('a directory', offset, ResourceDirectory.size, saidAt)
    const { nameCount, idCount } = ResourceDirectory.read(view, offset)
    const first = offset + ResourceDirectory.size
    requireBytes('a directory', first, (nameCount + idCount) * ResourceDirectoryEntry.size, offset)
    for (let i = 0; i < nameCount + idCount; i++) {
      const entryAt = first + i * ResourceDirectoryEntry.size
      const entry = ResourceDirectoryEntry.read(view, entryAt)
      const name = entry.name >= HIGH_BIT ? readName(entry.name - HIGH_BIT, entryAt) : entry.name
      const isDirectory = entry.offset >= HIGH_BIT
      if (isDirectory !== path.length < 2) malformed('the resources are not a tree of three levels', entryAt)
      if (isDirectory) {
        walk(entry.offset - HIGH_BIT, [...path, name], entryAt)
        continue
      }
      if (typeof name === 'string') malformed('a language has a name', entryAt)
      requireBytes('data', entry.offset, ResourceDataEntry.size, entryAt)
      const { address, size, codepage } = ResourceDataEntry.read(view, entry.offset)
      resources.push({ type: path[0]!, name: path[1]!, language: Number(name), address, size, codepage })
      if (resources.length > RESOURCE_LIMIT) malformed('too many resources', entryAt)
    }
  }
  walk(0, [], 0)
  return resources
}

interface Directory {
  readonly children: Map<ResourceName, Directory | PlacedResource>
  offset: number
}

/** The tables alone, without the data: directories, entries of data, names. */
export function writeResources(resources: readonly PlacedResource[]): Uint8Array {
  const root = newDirectory()
  for (const resource of resources) {
    const names = childOf(root, resource.type)
    childOf(names, resource.name).children.set(resource.language, resource)
  }
  const directories = [root]
  // The list grows while it is read: breadth first, as linkers do it.
  for (const { children } of directories)
    for (const child of children.values()) if ('children' in child) directories.push(child)
  let end = 0
  for (const directory of directories) {
    directory.offset = end
    end += ResourceDirectory.size + directory.children.size * ResourceDirectoryEntry.size
  }
  const dataOffset = end
  end += resources.length * ResourceDataEntry.size
  const nameOffsets = new Map<string, number>()
  for (const name of directories.flatMap(({ children }) => [...children.keys()])) {
    if (typeof name === 'number' || nameOffsets.has(name)) continue
    nameOffsets.set(name, end)
    end += 2 + name.length * 2
  }

  const bytes = Buffer.alloc(end)
  const view = viewOf(bytes)
  let dataEnd = dataOffset
  for (const { children, offset } of directories) {
    const sorted = [...children].toSorted(([a], [b]) => compareNames(a, b))
    const nameCount = sorted.filter(([name]) => typeof name === 'string').length
    ResourceDirectory.write(view, offset, {
      characteristics: 0,
      timeDateStamp: 0,
      majorVersion: 0,
      minorVersion: 0,
      nameCount,
      idCount: sorted.length - nameCount,
    })
    sorted.forEach(([name, child], i) => {
      const isDirectory = 'children' in child
      ResourceDirectoryEntry.write(view, offset + ResourceDirectory.size + i * ResourceDirectoryEntry.size, {
        name: typeof name === 'number' ? name : HIGH_BIT + nameOffsets.get(name)!,
        offset: isDirectory ? HIGH_BIT + child.offset : dataEnd,
      })
      if (isDirectory) return
      const { address, size, codepage } = child
      ResourceDataEntry.write(view, dataEnd, { address, size, codepage, reserved: 0 })
      dataEnd += ResourceDataEntry.size
    })
  }
  for (const [name, offset] of nameOffsets) {
    view.setUint16(offset, name.length, true)
    bytes.write(name, offset + 2, 'utf16le')
  }
  return bytes
}

function newDirectory(): Directory {
  return { children: new Map(), offset: 0 }
}

function childOf({ children }: Directory, name: ResourceName): Directory {
  let child = children.get(name)
  if (!child) children.set(name, (child = newDirectory()))
  return child as Directory
}

/** Look-ups halve: names by code unit, then ids. */
function compareNames(a: ResourceName, b: ResourceName): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'number' || typeof b === 'number') return typeof a === 'number' ? 1 : -1
  return a < b ? -1 : Number(a > b)
}
