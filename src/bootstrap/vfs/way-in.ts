// Programs go down to a directory from the root, or up from it, component by component. On the way to the embedded tree
// lies /dev/null, which is none, and in an empty root there is no /dev. Whoever lists, or looks at what is not followed
// (node's globs do), is told that they are; what is opened or followed is the device, where there is one.

import path from 'node:path'

import { IS_WINDOWS } from '../platform.ts'
import { VIRTUAL_ROOT } from '../../format/archive.ts'
import { PARENT, PARENT_PATH, toArchivePath } from './paths.ts'
import type { Answer, Binding, Native } from './requests.ts'
import { comingFrom } from './stack.ts'
import { statArray } from './stats.ts'
import type { Tree } from './tree.ts'

const ABOVE = path.posix.dirname(PARENT)
/** By what leads to the root, in these directories. */
const NEXT = new Map([
  [path.posix.dirname(ABOVE), path.posix.basename(ABOVE)],
  [ABOVE, path.posix.basename(PARENT)],
  [PARENT, path.posix.basename(VIRTUAL_ROOT)],
])
/** uv_dirent_type_t */
const UV_DIRENT_DIR = 2

type Listing = unknown[] | [names: unknown[], types: number[]]

export function installWayIn(
  binding: Binding,
  tree: Tree,
  answer: Answer,
  encode: (name: string, encoding: unknown) => unknown,
): void {
  // There the root of the drive would list what is no name of a file.
  if (IS_WINDOWS) return
  const isAnswered = orElseOf(binding)
  /** Stands in for `name` on these directories. Most calls are not about them, and go on as they are. */
  const onWay = (
    name: string,
    replacement: (native: Native, args: any[], directory: string) => unknown,
  ): void => {
    const native: Native | undefined = binding[name]
    if (!native) return
    binding[name] = function patched(this: unknown, ...args: any[]) {
      const directory = onTheWay(args[0])
      if (directory === undefined) return Reflect.apply(native, this, args)
      try {
        return replacement(native.bind(this), args, directory)
      } catch (error) {
        throw comingFrom(patched, error)
      }
    }
  }

  onWay('readdir', (native, args, directory) => {
    const [, encoding, withTypes, request] = args
    const name = encode(NEXT.get(directory)!, encoding)
    const alone = () => (withTypes ? [[name], [UV_DIRENT_DIR]] : [name])
    if (directory === PARENT) return answer(request, alone)
    return isAnswered(native, args, 3, (listing: Listing | undefined) => {
      if (!listing) return alone()
      // Who goes down asks for types, and for text; who does not looks at what there is.
      if (!withTypes || typeof name !== 'string') return listing
      const [names, types] = listing as [unknown[], number[]]
      types[names.includes(name) ? names.indexOf(name) : names.push(name) - 1] = UV_DIRENT_DIR
      return listing
    })
  })
  for (const syscall of ['stat', 'lstat']) {
    onWay(syscall, (native, args, directory) => {
      const [given, bigint, request] = args
      if (directory === '/') return native(...args)
      const own = () => statArray(tree.lookup('', syscall), bigint, request === undefined)
      const isUp = directory === PARENT && given !== PARENT
      if (isUp || (directory === PARENT && syscall === 'lstat')) return answer(request, own)
      return isAnswered(native, args, 2, (stats) => stats ?? own())
    })
  }
  for (const [name, isThere] of [
    ['existsSync', true],
    ['internalModuleStat', 1],
  ] as const) {
    onWay(name, (native, args) => (isUpFromRoot(args[0]) ? isThere : native(...args)))
  }
}

/** Which of these directories a path means; most paths are told by their length. */
function onTheWay(given: unknown): string | undefined {
  if (typeof given !== 'string') return undefined
  if (isUpFromRoot(given)) return PARENT
  if (given.length > PARENT.length + 1) return undefined
  const directory = given.length > 1 && given.endsWith('/') ? given.slice(0, -1) : given
  return NEXT.has(directory) ? directory : undefined
}

function isUpFromRoot(given: unknown): boolean {
  return typeof given === 'string' && given.includes('..') && toArchivePath(given) === PARENT_PATH
}

/** Calls a native function, in whichever way, and gives what `complete` makes of its result: undefined if there is nothing. */
function orElseOf({ kUsePromises }: Binding) {
  const isMissing = (error: any) => error?.code === 'ENOENT'
  return (native: Native, args: any[], requestAt: number, complete: (result: any) => unknown): unknown => {
    const request = args[requestAt]
    if (request === undefined) {
      let result
      try {
        result = native(...args)
      } catch (error) {
        if (!isMissing(error)) throw error
      }
      return complete(result)
    }
    if (request === kUsePromises) {
      return native(...args).then(complete, (error: unknown) => {
        if (!isMissing(error)) throw error
        return complete(undefined)
      })
    }
    const { oncomplete } = request
    request.oncomplete = function (error: unknown, result: unknown) {
      const isAnswer = !error || isMissing(error)
      Reflect.apply(oncomplete, this, isAnswer ? [null, complete(error ? undefined : result)] : [error])
    }
    return native(...args)
  }
}
