// For tests only: an .ico file of bitmaps in one colour.

/** @param sizes in pixels */
export function makeIcon(sizes: readonly number[]): Buffer {
  const images = sizes.map((size) => {
    // BITMAPINFOHEADER: of an icon the height counts twice, for the mask behind the colours.
    const header = Buffer.alloc(40)
    header.writeUInt32LE(40)
    header.writeInt32LE(size, 4)
    header.writeInt32LE(size * 2, 8)
    header.writeUInt16LE(1, 12)
    header.writeUInt16LE(32, 14)
    return Buffer.concat([
      header,
      Buffer.alloc(size * size * 4, 0xcc),
      Buffer.alloc(size * Math.ceil(size / 32) * 4),
    ])
  })
  const table = Buffer.alloc(6 + 16 * sizes.length)
  table.writeUInt16LE(1, 2)
  table.writeUInt16LE(sizes.length, 4)
  let offset = table.length
  images.forEach((image, i) => {
    const at = 6 + 16 * i
    table[at] = table[at + 1] = sizes[i]! % 256
    table.writeUInt16LE(1, at + 4)
    table.writeUInt16LE(32, at + 6)
    table.writeUInt32LE(image.length, at + 8)
    table.writeUInt32LE(offset, at + 12)
    offset += image.length
  })
  return Buffer.concat([table, ...images])
}
