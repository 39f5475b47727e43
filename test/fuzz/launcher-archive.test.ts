// The launcher's look-up (launcher/archive.c) finds what the writer packed, by the same hash: two
// implementations of one format. Needs gcc, which using Ingot does not.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import fc from 'fast-check'

import { packArchive } from '../../src/payload/pack.ts'
import { Archive } from '../../src/bootstrap/vfs/archive.ts'
import { FUZZ } from './mutation.ts'
import { anyPath, anyTree } from './tree.ts'

const LAUNCHER = fileURLToPath(new URL('../../launcher', import.meta.url))
const skip = spawnSync('gcc', ['--version']).status !== 0 && 'there is no gcc'

/** Reads an archive and then paths, each ended by a zero byte; answers each with `offset size`. */
const DRIVER = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "archive.h"
int main(int count, char **arguments) {
	char *bytes = aligned_alloc(4096, 1 << 24), path[4096];
	FILE *file = fopen(arguments[1], "rb");
	uint64_t size = fread(bytes, 1, 1 << 24, file), length = 0;
	struct region archive = { (uint64_t)bytes, 0, size };
	for (int c; count == 2 && (c = getchar()) != EOF;) {
		path[length++] = (char)c;
		if (c) continue;
		const struct archive_entry *entry = archive_find(&archive, path, length - 1);
		if (entry && entry->kind == ARCHIVE_FILE) printf("%llu %llu\\n", (unsigned long long)entry->data, (unsigned long long)entry->size);
		else printf("-\\n");
		length = 0;
	}
	return 0;
}
`

let directory: string
before(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'ingot-archive-c-'))
  if (skip) return
  writeFileSync(path.join(directory, 'driver.c'), DRIVER)
  const sources = [
    path.join(directory, 'driver.c'),
    path.join(LAUNCHER, 'archive.c'),
    path.join(LAUNCHER, 'paths.c'),
  ]
  execFileSync('gcc', [
    '-std=c17',
    '-O1',
    '-Wall',
    `-I${LAUNCHER}`,
    `-I${LAUNCHER}/linux-x64`,
    '-o',
    path.join(directory, 'driver'),
    ...sources,
  ])
})
after(() => rmSync(directory, { recursive: true, force: true }))

test('C finds the files that TypeScript packed, and only those', { skip }, () => {
  fc.assert(
    fc.property(anyTree, fc.array(anyPath, { maxLength: 30 }), ({ files, links }, others) => {
      const bytes = Buffer.concat(
        packArchive(files, links, { ingot: '', entries: [], sourceMaps: false }).chunks,
      )
      const file = path.join(directory, 'archive')
      writeFileSync(file, bytes)
      const paths = ['', ...[...files, ...links].map((entry) => entry.path), ...others]
      const output = execFileSync(path.join(directory, 'driver'), [file], {
        input: paths.map((it) => `${it}\0`).join(''),
      })
      const archive = new Archive(new Uint8Array(bytes).buffer)
      const expected = paths.map((it) => {
        const entry = archive.find(it)
        return entry?.kind === 1 ? `${entry.dataOffset} ${entry.dataSize}` : '-'
      })
      assert.deepEqual(output.toString().trimEnd().split('\n'), expected)
    }),
    { ...FUZZ, numRuns: 100 },
  )
})
