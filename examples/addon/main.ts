// Hashes a password with a native addon. The salt is fixed, so that the answer is the same each time:
// do not copy that.

import { hashSync, verifySync } from '@node-rs/argon2'

const password = process.argv[2] ?? 'correct horse battery staple'
const hash = hashSync(password, { salt: Buffer.from('0123456789abcdef'), memoryCost: 4096, timeCost: 2 })
console.log(hash)
console.log(`verified: ${verifySync(hash, password)}, a wrong one: ${verifySync(hash, 'wrong')}`)
