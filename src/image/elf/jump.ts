/** Machine code that goes to `address`, which is below 4 GiB; rax is free at a function's entry. */
export function jumpTo(address: number): Uint8Array {
  const bytes = Buffer.from([0xb8, 0, 0, 0, 0, 0xff, 0xe0]) // mov $address, %eax; jmp *%rax
  bytes.writeUInt32LE(address, 1)
  return bytes
}
