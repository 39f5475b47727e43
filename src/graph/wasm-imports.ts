// What a WebAssembly module imports: node resolves these names as it does those of an ES module that
// is imported. A module that is instantiated by hand has any names there; most lead nowhere.

/** WebAssembly core specification, 5.5.2: sections. */
const IMPORT_SECTION = 2
const HEADER_SIZE = 8

/** Names of the modules that `bytes` imports from; none if it is damaged or something else. */
export function wasmImports(bytes: Uint8Array): string[] {
  const reader = new Reader(bytes)
  if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== '\0asm') return []
  reader.position = HEADER_SIZE
  const names = new Set<string>()
  try {
    while (reader.position < bytes.length) {
      const id = reader.byte()
      const size = reader.number()
      const end = reader.position + size
      if (id === IMPORT_SECTION) {
        for (let left = reader.number(); left > 0; left--) {
          names.add(reader.name())
          reader.name()
          reader.description()
        }
        return [...names]
      }
      reader.position = end
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return [...names]
}

class Reader {
  position = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  byte(): number {
    const byte = this.#bytes[this.position++]
    if (byte === undefined) throw new RangeError('the module ends too early')
    return byte
  }

  /** LEB128; sizes and counts are below 2^32, limits of 64-bit memories are only passed over. */
  number(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }

  name(): string {
    const size = this.number()
    const start = this.position
    this.position += size
    if (this.position > this.#bytes.length) throw new RangeError('a name ends too late')
    return Buffer.from(this.#bytes.subarray(start, this.position)).toString()
  }

  /** 5.5.5: function, table, memory, global, tag. */
  description(): void {
    switch (this.byte()) {
      case 0:
        this.number()
        return
      case 1:
        this.#type()
        this.#limits()
        return
      case 2:
        this.#limits()
        return
      case 3:
        this.#type()
        this.byte()
        return
      case 4:
        this.byte()
        this.number()
        return
      default:
        throw new RangeError('an import is of no known kind')
    }
  }

  /** A reference to a type of its own has an index behind it. */
  #type(): void {
    const byte = this.byte()
    if (byte === 0x63 || byte === 0x64) this.number()
  }

  #limits(): void {
    const flags = this.byte()
    this.number()
    if (flags & 1) this.number()
    if (flags & 8) this.number() // custom page size
  }
}
