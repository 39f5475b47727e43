// stat(2) of an embedded file, in the array that node's Stats are made from.

import { KIND_DIRECTORY, KIND_SYMLINK } from '../../format/archive.ts'
import type { Entry } from './archive.ts'

const S_IFDIR = 0o040000
const S_IFREG = 0o100000
const S_IFLNK = 0o120000

/** Device number of the embedded file system: no real one has it. */
const DEVICE = 0x1290
const BLOCK_SIZE = 4096
/** All times of all files, seconds: that of files in npm's tarballs (1985-10-26T08:15:00Z). */
const TIME = 499162500

/** FsStatsFieldsNumber: 10 numbers, and seconds and nanoseconds of four times. */
const FIELD_COUNT = 18
/** What synchronous calls return, again and again, as node's own do: node:fs copies it at once. */
const shared = new Float64Array(FIELD_COUNT)

/** Order of fields: node's src/node_file.h, FsStatsOffset. */
export function statArray(entry: Entry, bigint: boolean, isSync: boolean): Float64Array | BigInt64Array {
  const fields = isSync ? shared : new Float64Array(FIELD_COUNT)
  const directory = entry.kind === KIND_DIRECTORY
  const type = directory ? S_IFDIR : entry.kind === KIND_SYMLINK ? S_IFLNK : S_IFREG
  const size = directory ? BLOCK_SIZE : entry.dataSize
  fields[0] = DEVICE
  fields[1] = type | entry.mode
  fields[2] = directory ? 2 : 1
  // 3, 4, 5: uid, gid, rdev
  fields[6] = BLOCK_SIZE
  fields[7] = entry.index + 1 // ino
  fields[8] = size
  fields[9] = Math.ceil(size / 512)
  for (let seconds = 10; seconds < FIELD_COUNT; seconds += 2) fields[seconds] = TIME
  return bigint ? BigInt64Array.from(fields, BigInt) : fields
}

/** statfs(2): a full, read-only file system. Order of fields: lib/internal/fs/utils.js, StatFs. */
export function statfsArray(bigint: boolean): Float64Array | BigInt64Array {
  const fields = [0, BLOCK_SIZE, BLOCK_SIZE, 0, 0, 0, 0, 0]
  return bigint ? BigInt64Array.from(fields, BigInt) : Float64Array.from(fields)
}

/** uv_dirent_type_t */
export function direntType(entry: Entry): number {
  switch (entry.kind) {
    case KIND_DIRECTORY:
      return 2
    case KIND_SYMLINK:
      return 3
    default:
      return 1
  }
}
