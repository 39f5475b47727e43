// How large the files are, as they are and as they are sent.

import { createReadStream, statSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

import type { Value } from './figure.ts'
import type { Built } from './subject.ts'

export async function sizes(built: readonly Built[]): Promise<Value[]> {
  const values: Value[] = []
  // Two at a time: gzip takes seconds for each.
  for (let i = 0; i < built.length; i += 2)
    values.push(...(await Promise.all(built.slice(i, i + 2).map(sizeOf))).flat())
  return values
}

async function sizeOf({ peer, file, command, project }: Built): Promise<Value[]> {
  const common = { of: project.program.name, peer: peer.name }
  const measured = file ?? command
  let compressed = 0
  await pipeline(createReadStream(measured), createGzip({ level: 6 }), async (chunks) => {
    for await (const chunk of chunks) compressed += (chunk as Buffer).length
  })
  return [
    { figure: 'size', ...common, value: statSync(measured).size / 1e6 },
    { figure: 'compressed', ...common, value: compressed / 1e6 },
  ]
}
