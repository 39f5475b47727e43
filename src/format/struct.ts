// On-disk structures, declared once: the declaration gives the size, the reader and the writer.
// Everything Ingot reads or writes (ELF64, Mach-O, its own archive) is naturally packed, and little-endian but for
// Apple's code signatures.

export type Field = 'u8' | 'u16' | 'u32' | 'u64'

const SIZES: Record<Field, number> = { u8: 1, u16: 2, u32: 4, u64: 8 }

export type Shape = Readonly<Record<string, Field>>
export type Values<S extends Shape> = { -readonly [K in keyof S]: number }

export interface Struct<S extends Shape> {
  readonly size: number
  /** Byte offset of a field from the structure's start. */
  offsetOf(field: keyof S): number
  read(view: DataView, offset: number): Values<S>
  write(view: DataView, offset: number, values: Values<S>): void
}

/** Fields in declaration order, without padding. A u64 beyond 2^53 reads as the nearest double. */
export function struct<S extends Shape>(shape: S, endian: 'little' | 'big' = 'little'): Struct<S> {
  const isLittle = endian === 'little'
  const fields: { name: keyof S; type: Field; offset: number }[] = []
  let size = 0
  for (const [name, type] of Object.entries(shape)) {
    fields.push({ name, type, offset: size })
    size += SIZES[type]
  }
  const offsets = new Map(fields.map((field) => [field.name, field.offset]))
  return {
    size,
    offsetOf: (field) => offsets.get(field)!,
    read(view, offset) {
      const values: Partial<Values<S>> = {}
      for (const field of fields)
        values[field.name] = readField(view, field.type, offset + field.offset, isLittle)
      return values as Values<S>
    },
    write(view, offset, values) {
      for (const field of fields)
        writeField(view, field.type, offset + field.offset, values[field.name], isLittle)
    },
  }
}

function readField(view: DataView, type: Field, offset: number, isLittle: boolean): number {
  switch (type) {
    case 'u8':
      return view.getUint8(offset)
    case 'u16':
      return view.getUint16(offset, isLittle)
    case 'u32':
      return view.getUint32(offset, isLittle)
    case 'u64': {
      // Not through a BigInt: every look-up in an executable comes by here.
      const [low, high] = isLittle ? [offset, offset + 4] : [offset + 4, offset]
      return view.getUint32(low, isLittle) + view.getUint32(high, isLittle) * 2 ** 32
    }
  }
}

function writeField(view: DataView, type: Field, offset: number, value: number, isLittle: boolean): void {
  switch (type) {
    case 'u8':
      return view.setUint8(offset, value)
    case 'u16':
      return view.setUint16(offset, value, isLittle)
    case 'u32':
      return view.setUint32(offset, value, isLittle)
    case 'u64':
      return view.setBigUint64(offset, BigInt(value), isLittle)
  }
}
