// What makes machine code of x86-64 compress better: calls and jumps say where they lead instead of how far it is.
// launcher/unpack/filter.c is the other direction, and says why both see the same.

/** In place. */
export function foldCalls(code: Uint8Array): void {
  eachOperand(code, (operand, at) => {
    const distance = code[at]! | (code[at + 1]! << 8) | (code[at + 2]! << 16) | (code[at + 3]! << 24)
    const place = signed(distance + operand)
    code[at] = place >> 16
    code[at + 1] = place >> 8
    code[at + 2] = place
    code[at + 3] = place >> 24
  })
}

/** In place. */
export function unfoldCalls(code: Uint8Array): void {
  eachOperand(code, (operand, at) => {
    const place = (code[at]! << 16) | (code[at + 1]! << 8) | code[at + 2]! | (code[at + 3]! << 24)
    const distance = signed(place - operand)
    code[at] = distance
    code[at + 1] = distance >> 8
    code[at + 2] = distance >> 16
    code[at + 3] = distance >> 24
  })
}

/** Behind each E8 or E9 of which the highest byte says that it may be a distance; and where that opcode is. */
function eachOperand(code: Uint8Array, change: (opcode: number, at: number) => void): void {
  for (let at = 0; at + 5 <= code.length;) {
    const isOpcode = (code[at]! & 0xfe) === 0xe8
    const isNear = isOpcode && ((code[at + 4]! + 4) & 0xff) < 8
    if (isNear) change(at, at + 1)
    // What says that it is none must not be changed by a later one.
    at += isNear ? 5 : isOpcode ? 4 : 1
  }
}

/** Modulo 2^27, from -2^26 up to 2^26. */
function signed(value: number): number {
  return (value << 5) >> 5
}
