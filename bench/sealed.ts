// What seal, contract and verification add to a start: the same program with all of it, and with none.

import { copyFileSync } from 'node:fs'
import path from 'node:path'

import { LaunchTable } from '../src/image/elf/layout.ts'
import { SealedFile } from '../src/seal/sealed-file.ts'
import { ingotBuild } from '../test/support/commands.ts'
import { writeFiles } from '../test/support/files.ts'
import type { Subject } from './sample.ts'

const PROGRAM = {
  'package.json': { name: 'sealed', type: 'module' },
  'main.js': `console.log('hello')\n`,
}
/** Of each kind something that has to be looked at. */
const CONTRACT = {
  env: { PORT: { type: 'port', default: 8080 }, LOG: ['debug', 'info'], TOKEN: { secret: true } },
  files: { read: ['/etc'], write: ['/tmp'] },
  listen: ['$PORT'],
  connect: ['localhost:5432'],
}

export async function sealedSubjects(work: string): Promise<Subject[][]> {
  const build = async (name: string, files: object, start: string): Promise<string> => {
    const project = path.join(work, name)
    writeFiles(project, { ...PROGRAM, ...files })
    const out = path.join(project, start)
    await ingotBuild(['main.js', '--start', start, '-o', out], { cwd: project })
    return out
  }
  const config = { 'ingot.config.ts': `export default ${JSON.stringify({ contract: CONTRACT })}\n` }
  const tables: Subject[][] = []
  for (const start of ['frozen', 'cold']) {
    const plain = await build('plain', {}, start)
    tables.push([
      { name: 'nothing of it', command: withoutSeal(plain), args: [], prints: /^hello\n$/ },
      { name: 'sealed', command: plain, args: [], prints: /^hello\n$/ },
      {
        name: 'sealed, with a contract',
        command: await build('contract', config, start),
        args: [],
        prints: /^hello\n$/,
      },
    ])
  }
  return tables
}

/** A copy that looks at nothing: as far as it knows, there is no seal. */
function withoutSeal(file: string): string {
  const copy = `${file}-without-seal`
  copyFileSync(file, copy)
  SealedFile.open(copy, 'r+', (sealed) =>
    sealed.write(sealed.place.saidAt + LaunchTable.offsetOf('sealSize'), Buffer.alloc(8)),
  )
  return copy
}
