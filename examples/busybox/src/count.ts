// count: lines, words and bytes of standard input.

import { readStandardInput } from './input.ts'

const text = readStandardInput()
const lines = text.split('\n').length - 1
const words = text.split(/\s+/).filter((word) => word !== '').length
console.log(`${lines} lines, ${words} words, ${Buffer.byteLength(text)} bytes`)
