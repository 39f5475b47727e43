// One image for linux-x64 and linux-arm64, built on this machine; the latter runs under qemu, with all sizes of pages.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import { image } from '../../../src/container-image.ts'
import type { Index, Manifest } from '../../../src/output/oci/descriptor.ts'
import { run } from '../../support/commands.ts'
import { withPages } from '../../support/emulated.ts'
import { makeProject } from '../../support/project.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { THOROUGH } from '../../support/thorough.ts'

const work = temporaryDirectory()

if (THOROUGH)
  suite('an image for several platforms', async () => {
    const project = makeProject(work, {
      'package.json': { name: 'hello', type: 'module' },
      'main.ts': `console.log('hello', process.arch)\n`,
    })
    const layout = path.join(work, 'layout')
    const json = (name: string): any => JSON.parse(readFileSync(path.join(layout, name), 'utf8'))
    const blob = (digest: string) => path.join('blobs', digest.replace(':', '/'))

    test('is an index', async () => {
      const result = await image({
        cwd: project,
        entry: ['main.ts'],
        target: ['linux-x64,linux-arm64'],
        // One that all targets have in the registry.
        runtime: 'node@26.10.0',
        tags: ['hello'],
        output: layout,
      })
      const index: Index = json(blob(result.digest))
      assert.deepEqual(
        index.manifests.map(({ platform }) => platform),
        [
          { os: 'linux', architecture: 'amd64' },
          { os: 'linux', architecture: 'arm64', variant: 'v8' },
        ],
      )
      assert.deepEqual(
        result.platforms.map(({ platform, layers, sbom }) => [platform, layers.length, typeof sbom]),
        [
          ['linux/amd64', 2, 'string'],
          ['linux/arm64', 2, 'string'],
        ],
      )
    })

    test('of which each runs, with pages of 4, 16 and 64 kB', async () => {
      const top = (json('index.json') as Index).manifests[0]!
      const [, arm64] = (json(blob(top.digest)) as Index).manifests
      const root = temporaryDirectory()
      for (const { digest } of (json(blob(arm64!.digest)) as Manifest).layers) {
        const { status, stderr } = await run('tar', ['-xf', path.join(layout, blob(digest)), '-C', root])
        assert.equal(status, 0, stderr)
      }
      for (const size of [0x1000, 0x4000, 0x1_0000]) {
        const [qemu, ...args] = withPages(size)
        const { stdout, stderr } = await run(qemu, [...args, '-L', root, path.join(root, 'hello')])
        assert.equal(stdout, 'hello arm64\n', stderr)
      }
    })
  })
