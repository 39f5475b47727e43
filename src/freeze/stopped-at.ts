// Where the program was when it was stopped, for people: the innermost module on the main thread's stack, and
// what the system call was about. Nothing but messages depends on it.

import { VIRTUAL_ROOT } from '../format/archive.ts'
import type { StoppedAt } from './frozen-process.ts'

export interface MemoryReader {
  /** Fewer bytes than asked for, or none, where there is no memory. */
  peek(address: number, size: number): Buffer
}

/** launcher/sys.h, struct signal_context */
const CONTEXT_SIZE = 176
const REGISTER = { rdi: 104, rsi: 112, rsp: 160 }

/** asm/unistd_64.h: calls whose first argument is a path, and those whose second one is. */
const PATH_IN_RDI = new Set([4, 6, 21, 59, 80, 89])
const PATH_IN_RSI = new Set([257, 262, 267, 269, 332, 439])

/** Words of the stack that are looked at: a deep recursion is not followed to its end. */
const STACK_WORDS = 32_768
const PATH_LIMIT = 4096

/**
 * @param context virtual address of the main thread's signal context
 * @param systemCall number of the one that stopped it; negative if it was none
 */
export function stoppedAt(memory: MemoryReader, context: number, systemCall: number): StoppedAt {
  const registers = memory.peek(context, CONTEXT_SIZE)
  const register = (offset: number) => Number(registers.readBigUInt64LE(offset))
  const path = PATH_IN_RDI.has(systemCall)
    ? readText(memory, register(REGISTER.rdi))
    : PATH_IN_RSI.has(systemCall)
      ? readText(memory, register(REGISTER.rsi))
      : undefined
  return { module: innermostModule(memory, register(REGISTER.rsp)), path }
}

function readText(memory: MemoryReader, address: number): string | undefined {
  const bytes = memory.peek(address, PATH_LIMIT)
  const end = bytes.indexOf(0)
  return end > 0 ? bytes.toString('utf8', 0, end) : undefined
}

/** A frame of JavaScript has its function, from which V8 comes to the script and its name in three steps. */
function innermostModule(memory: MemoryReader, stackPointer: number): string | undefined {
  const stack = memory.peek(stackPointer, 8 * STACK_WORDS)
  const heap = new Heap(memory)
  const seen = new Set<number>()
  for (let at = 0; at + 8 <= stack.length; at += 8) {
    const word = Number(stack.readBigUInt64LE(at))
    if (!isObject(word) || seen.has(word)) continue
    seen.add(word)
    for (const shared of heap.fields(word)) {
      for (const script of heap.fields(shared)) {
        const module = heap.moduleOfScript(script)
        if (module !== undefined) return module
      }
    }
  }
  return undefined
}

/** V8 marks pointers to objects with their lowest bits. */
function isObject(word: number): boolean {
  return word % 4 === 1 && word > 0x1000 && word < 2 ** 47
}

/** Of a function and of its shared part, as many as lead on; of a script source, name, line and column are the first. */
const FIELDS = 9
/** Of a sequential string, behind map and hash. */
const STRING_LENGTH_AT = 12
const STRING_START = 16

class Heap {
  readonly #memory: MemoryReader
  readonly #fields = new Map<number, number[]>()

  constructor(memory: MemoryReader) {
    this.#memory = memory
  }

  /** Of an object behind its map, those that are objects. */
  fields(object: number): readonly number[] {
    let fields = this.#fields.get(object)
    if (!fields) {
      fields = this.#words(object).slice(1).filter(isObject)
      this.#fields.set(object, fields)
    }
    return fields
  }

  moduleOfScript(object: number): string | undefined {
    const [, source, name, line, column] = this.#words(object)
    if (source === undefined || name === undefined || !isObject(source) || !isObject(name)) return undefined
    if (line !== 0 || column !== 0) return undefined
    const text = this.#text(name).replace(/^file:\/\//, '')
    const root = `${VIRTUAL_ROOT}/`
    return text.startsWith(root) ? text.slice(root.length) : undefined
  }

  #words(object: number): number[] {
    const bytes = this.#memory.peek(object - 1, 8 * FIELDS)
    return Array.from({ length: bytes.length >>> 3 }, (_, i) => Number(bytes.readBigUInt64LE(8 * i)))
  }

  /** Of one-byte characters; one that is joined of two, or stands for another one, leads to them. */
  #text(string: number): string {
    const head = this.#memory.peek(string - 1, STRING_START + 16)
    if (head.length < STRING_START + 16) return ''
    const parts = [STRING_START, STRING_START + 8].map((at) => Number(head.readBigUInt64LE(at)))
    if (isObject(parts[0]!))
      return parts
        .filter(isObject)
        .map((part) => this.#text(part))
        .join('')
    const length = head.readUInt32LE(STRING_LENGTH_AT)
    return length < PATH_LIMIT ? this.#memory.peek(string - 1 + STRING_START, length).toString('latin1') : ''
  }
}
