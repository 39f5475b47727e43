// shout: standard input in capitals, each argument in front of it.

import { readStandardInput } from './input.ts'

for (const argument of process.argv.slice(2)) console.log(`${argument.toUpperCase()}!`)
process.stdout.write(readStandardInput().toUpperCase())
