// Finds out which code of node only `node --build-sea` runs (LIEF, with the libraries that it brings), for
// src/image/elf/sea-builder.ts, and proves it: nothing else of node refers to that code. Kept with what is known of other
// versions. To be run for each new node, of which it takes the executable; needs nm and objdump.

import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import process from 'node:process'

import type { SeaBuilder } from '../src/image/elf/sea-builder.ts'
import { KNOWN_BUILDERS } from '../src/sea-builders.ts'

/** Names of LIEF, of its libraries (Mbed TLS, spdlog, fmt), and of Mbed TLS's own tables, which are local to a file. */
const BUILDER = /4LIEF|^mbedtls_|^psa_|6spdlog|3fmt/
const ITS_TABLES =
  /^(?:aes|aria|camellia|ccm_\w+|chacha20_base|chachapoly_base|des\w*|gcm_\w+|kw_\w+|null_base|xts_\w+)_info$/
/** So much without a name is the sources of built-in modules and their code caches. */
const TEXTS_SIZE = 0x10_0000
/** Large constants that are no tables of addresses, in which some number looks like one. */
const PACKED = /^(?:icudt\d+_dat|kStaticDictionaryHashWords|_ZN2v88internalL9blob_dataE)$/
/** node's own functions that call it. */
const CALLERS = /^_ZN4node3sea/
/** node::sea::BuildSingleExecutable(…), in which all of it begins. */
const ENTRY = /^_ZN4node3sea21BuildSingleExecutable/
/** Between two functions that are known by their names may be some instances of templates of std. */
const LARGEST_GAP = 0x2_0000
/** What stands in the place of the entry has to fit (sea-builder.ts). */
const SMALLEST_ENTRY = 0x100

interface Named {
  readonly address: number
  readonly size: number
  readonly name: string
}

const [file = ''] = process.argv.slice(2)
const symbols = readSymbols()
const functions = symbols.filter(({ kind }) => /[tTwWi]/.test(kind))
const data = symbols.filter(({ kind }) => /[rRdDbBvV]/.test(kind))
const starts = new Set(functions.map(({ address }) => address))
const { start, end } = largestCluster(functions.filter(({ name }) => BUILDER.test(name)))
const isInside = (address: number) => address >= start && address < end
const entry = functions.find(({ name }) => ENTRY.test(name))
if (!entry || entry.size < SMALLEST_ENTRY) fail('node::sea::BuildSingleExecutable is not there')

const references = await readReferences()
const users = new Set<string>()
let reached: (address: number) => boolean = isInside
for (let before = -1; before < users.size;) {
  before = users.size
  for (const { from, to } of references)
    if (from !== entry.name && reached(to) && !users.has(from)) users.add(from)
  const found = functions.filter(({ name }) => users.has(name))
  reached = (address) =>
    isInside(address) || found.some((it) => address >= it.address && address < it.address + it.size)
}
const others = [...users].filter((name) => !CALLERS.test(name))
if (others.length > 0) fail(`it is referred to by ${others.join(', ')}`)
checkTables()

const bytes = readFileSync(file)
const sha256 = createHash('sha256').update(bytes).digest('hex')
const known = JSON.parse(readFileSync(KNOWN_BUILDERS, 'utf8')) as Record<string, SeaBuilder>
const rows = Object.entries({ ...known, [sha256]: { start, end, entry: entry.address } }).map(
  ([hash, builder]) => `  "${hash}": ${JSON.stringify(builder)}`,
)
writeFileSync(KNOWN_BUILDERS, `{\n${rows.join(',\n')}\n}\n`)
process.stdout.write(`${end - start} bytes; called by ${[...users].join(', ')}\n`)

function readSymbols(): (Named & { readonly kind: string })[] {
  const { stdout } = spawnSync('nm', ['-S', file], { encoding: 'utf8', maxBuffer: 2 ** 30 })
  return stdout
    .split('\n')
    .map((line) => line.split(' '))
    .filter((words) => words.length === 4)
    .map(([address = '', size = '', kind = '', name = '']) => ({
      address: Number.parseInt(address, 16),
      size: Number.parseInt(size, 16),
      kind,
      name,
    }))
    .toSorted((a, b) => a.address - b.address)
}

function largestCluster(named: readonly Named[]): { start: number; end: number } {
  const clusters: { start: number; end: number }[] = []
  for (const { address, size } of named) {
    const last = clusters.at(-1)
    if (last && address - last.end < LARGEST_GAP) last.end = Math.max(last.end, address + size)
    else clusters.push({ start: address, end: address + size })
  }
  const [largest] = clusters.toSorted((a, b) => b.end - b.start - (a.end - a.start))
  return largest ?? fail('there is no LIEF in it')
}

/** Jumps and calls to code of interest, and addresses of it that are taken, from outside. */
async function readReferences(): Promise<{ from: string; to: number }[]> {
  const { stdout } = spawn('objdump', ['-d', '--no-show-raw-insn', '-j', '.text', file])
  const found: { from: string; to: number }[] = []
  const interesting = functions.filter(({ name }) => CALLERS.test(name))
  const isInteresting = (address: number) =>
    isInside(address) || interesting.some((it) => address >= it.address && address < it.address + it.size)
  let at = 0
  for await (const line of createInterface({ input: stdout })) {
    const match =
      /^\s*(?<from>[\da-f]+):.*(?:(?:call|jmp|j[a-z]+)\s+(?<target>[\da-f]{6,8})\b|#\s+(?:0x)?(?<taken>[\da-f]{6,8})\b|(?:mov[a-z]*|push)\s+\$0x(?<constant>[\da-f]{6,8})\b)/.exec(
        line,
      )?.groups
    if (!match) continue
    const to = Number.parseInt(match['target'] ?? match['taken'] ?? match['constant'] ?? '', 16)
    const from = Number.parseInt(match['from'] ?? '', 16)
    if (isInside(from) || !isInteresting(to)) continue
    // Any number may look like an address.
    if (match['constant'] !== undefined && !starts.has(to)) continue
    while (functions[at + 1] && functions[at + 1]!.address <= from) at++
    if (functions[at]!.address <= to && to < functions[at]!.address + functions[at]!.size) continue
    found.push({ from: functions[at]!.name, to })
  }
  return found
}

/** Tables of functions, which only it has. */
function checkTables(): void {
  const view = Buffer.from(readFileSync(file))
  const sections = spawnSync('readelf', ['-SW', file], { encoding: 'utf8' }).stdout.matchAll(
    /\] (?:\.rodata|\.init_array|\.fini_array|\.data\.rel\.ro|\.got|\.data) +\w+ +(?<address>[\da-f]+) (?<offset>[\da-f]+) (?<size>[\da-f]+)/g,
  )
  for (const { groups } of sections) {
    const [address, offset, size] = ['address', 'offset', 'size'].map((name) =>
      Number.parseInt(groups![name]!, 16),
    ) as [number, number, number]
    let owner = 0
    for (let at = 0; at + 8 <= size; at += 8) {
      const value = view.readUInt32LE(offset + at)
      if (view.readUInt32LE(offset + at + 4) !== 0 || !isInside(value) || !starts.has(value)) continue
      while (data[owner + 1] && data[owner + 1]!.address <= address + at) owner++
      const [before, after] = [data[owner]!, data[owner + 1]]
      const isNamed = address + at < before.address + before.size
      const isText = !isNamed && (after?.address ?? Infinity) - before.address > TEXTS_SIZE
      // What has no name is of the file that what is beside it is of.
      const owners = isNamed || !after ? [before] : [before, after]
      const isItsOwn = owners.every(({ name }) => BUILDER.test(name) || ITS_TABLES.test(name))
      if (!isItsOwn && !isText && !PACKED.test(before.name))
        fail(
          `something at 0x${(address + at).toString(16)}, by ${before.name}, has the address of a function`,
        )
    }
  }
}

function fail(why: string): never {
  throw new Error(`${file}: ${why}`)
}
