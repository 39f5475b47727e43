// SBOMs are what the official schemas say, and list what is inside: everything, and nothing else.
//
// The schemas come with cdxgen. The lockfile of fixtures/sbom has it without its dependencies, as nothing of it is run.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { sbomOf, type SbomFormat } from '../../src/inspect.ts'
import { readEntries } from '../../src/inspect/read-executable.ts'
import { ingot, ingotBuild, REPOSITORY, run } from '../support/commands.ts'
import { copyOfExample } from '../support/example.ts'
import { installed } from '../support/installed.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const DATE = new Date('2026-01-02T03:04:05Z')

interface CycloneDx {
  readonly serialNumber: string
  readonly metadata: { readonly timestamp: string; readonly component: Component }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
}
interface Component {
  readonly 'bom-ref': string
  readonly type: string
  readonly name: string
  readonly version?: string
  readonly purl?: string
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
  readonly licenses?: readonly object[]
}
interface Spdx {
  readonly '@graph': readonly { readonly type: string; readonly software_packageUrl?: string }[]
}

type Validate = (document: unknown) => readonly string[]

/** By format: what is wrong with a document. */
async function validators(): Promise<Record<SbomFormat, Validate>> {
  const directory = await installed(path.join(REPOSITORY, 'test/fixtures/sbom'))
  const load = createRequire(path.join(directory, 'package.json'))
  const formats = load('ajv-formats').default
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
  const validator = (Ajv: any, schema: object, others: readonly object[] = []): Validate => {
    const ajv = new Ajv({ strict: false, allErrors: true, schemas: others })
    formats(ajv)
    // ajv-formats has none of their own.
    ajv.addFormat('idn-email', ajv.formats.email)
    ajv.addFormat('iri-reference', ajv.formats['uri-reference'])
    const validate = ajv.compile(schema)
    return (document) => {
      validate(document)
      return (validate.errors ?? []).map((error: any) => `${error.instancePath} ${error.message}`)
    }
  }
  const schemas = path.join(directory, 'node_modules/@cyclonedx/cdxgen/data')
  const schema = (name: string) => read(path.join(schemas, `${name}.schema.json`))
  return {
    cyclonedx: validator(load('ajv').default, schema('bom-1.7'), [
      schema('spdx'),
      schema('jsf-0.82'),
      schema('cryptography-defs'),
    ]),
    spdx: validator(load('ajv/dist/2020').default, schema('spdx-export')),
  }
}

interface Listed {
  readonly version?: string
  readonly path?: string
  readonly dependencies?: Readonly<Record<string, Listed>>
}

/** Of `npm ls --all --json --long`: directories by package URL. */
function packagesOf(listed: Listed, found = new Map<string, string[]>()): Map<string, string[]> {
  for (const [name, one] of Object.entries(listed.dependencies ?? {})) {
    if (one.version === undefined) continue // an optional one that is not installed
    const purl = `pkg:npm/${name.replace('@', '%40')}@${one.version}`
    found.set(purl, [...(found.get(purl) ?? []), one.path!])
    packagesOf(one, found)
  }
  return found
}

/** Of the program's packages, sorted, each once. */
function npmPackages(components: readonly Component[]): string[] {
  const own = components.filter((one) => one['bom-ref'].startsWith('package/'))
  return [...new Set(own.map(({ purl }) => purl!))].toSorted()
}

const project = await copyOfExample('http')

suite('SBOM', () => {
  const work = temporaryDirectory()
  let validate: Record<SbomFormat, Validate>
  let file: string

  before(async () => {
    validate = await validators()
    file = path.join(work, 'server')
    await ingotBuild(['--start', 'cold', '-o', file], { cwd: project })
  })

  async function sbom<T>(format: SbomFormat, of = file): Promise<T> {
    return JSON.parse(await sbomOf(of, format, DATE)) as T
  }

  for (const format of ['cyclonedx', 'spdx'] as const) {
    test(`${format}: it is valid, and a schema refuses what is not`, async () => {
      const document = await sbom<object>(format)
      assert.deepEqual(validate[format](document), [])
      assert.notDeepEqual(validate[format]({ ...document, unknown: 1 }), [])
    })
  }

  test('it lists what npm lists and is inside, and the same if all is bundled', async () => {
    const { stdout } = await run('npm', ['ls', '--all', '--json', '--long'], { cwd: project })
    const listed = packagesOf(JSON.parse(stdout) as Listed)
    const entries = readEntries(file).map((entry) => path.join(project, entry.path))
    const isInside = (place: string) => entries.some((entry) => entry.startsWith(`${place}/`))
    const inside = [...listed].filter(([, places]) => places.some(isInside))
    const expected = inside.map(([purl]) => purl).toSorted()
    assert(expected.length > 50 && expected.length < listed.size, 'some are not inside')

    const { components } = await sbom<CycloneDx>('cyclonedx')
    assert.deepEqual(npmPackages(components), expected)
    const { '@graph': graph } = await sbom<Spdx>('spdx')
    const purls = new Set(graph.map((element) => element.software_packageUrl))
    assert.deepEqual([...listed.keys()].filter((purl) => purls.has(purl)).toSorted(), expected)

    const bundled = path.join(work, 'bundled')
    const result = await ingotBuild(['--start', 'cold', '--bundle', '-o', bundled], { cwd: project })
    assert(result.modules.bundled > 0)
    assert.deepEqual(npmPackages((await sbom<CycloneDx>('cyclonedx', bundled)).components), expected)
  })

  test('what it says of the program, of packages, and of node', async () => {
    const { metadata, components, dependencies, serialNumber } = await sbom<CycloneDx>('cyclonedx')
    assert.match(
      serialNumber,
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    assert.equal(metadata.timestamp, DATE.toISOString())
    assert.equal(metadata.component.name, 'http')
    assert.deepEqual(metadata.component.hashes, [
      { alg: 'SHA-256', content: createHash('sha256').update(readFileSync(file)).digest('hex') },
    ])
    const lock = JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8'))
    const { version, integrity, license } = lock.packages['node_modules/fastify']
    const fastify = components.find((one) => one.name === 'fastify')!
    assert.deepEqual(
      [fastify.version, fastify.purl, fastify.licenses],
      [version, `pkg:npm/fastify@${version}`, [{ license: { id: license, acknowledgement: 'declared' } }]],
    )
    const hash = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
    assert.deepEqual(fastify.hashes, [{ alg: 'SHA-512', content: hash }])
    const openssl = components.find((one) => one.name === 'openssl')!
    assert.equal(openssl.version, process.versions.openssl)

    const needsOf = new Map(dependencies.map(({ ref, dependsOn = [] }) => [ref, dependsOn]))
    const refs = [metadata.component, ...components].map((one) => one['bom-ref'])
    assert.equal(new Set(refs).size, refs.length)
    assert.deepEqual([...needsOf.keys()].toSorted(), refs.toSorted())
    const reached = new Set<string>()
    const reach = (ref: string): void => {
      if (reached.has(ref)) return
      reached.add(ref)
      needsOf.get(ref)!.forEach(reach)
    }
    reach('program')
    assert.deepEqual([...reached].toSorted(), refs.toSorted(), 'all of it is there for something')
  })

  test('packages that say odd things of themselves', async () => {
    const directory = makeProject(work, {
      'package.json': { name: '@me/odd', type: 'module', license: 'UNLICENSED', dependencies: { a: '*' } },
      'main.ts': `import 'a'\nimport 'b'\nimport '@s/c'\nimport 'd'\nimport 'e'\nimport 'f'`,
      'node_modules/a/package.json': {
        license: 'SEE LICENSE IN "it"',
        repository: 'me/a',
        homepage: 'not a URL',
      },
      'node_modules/b/package.json': { version: '1.0.0-ä+é', licenses: [{ type: 'MIT' }, 'ISC'] },
      'node_modules/@s/c/package.json': {
        name: '@s/c',
        version: '1',
        license: { type: 'BSD' },
        dependencies: [1],
      },
      'node_modules/d/package.json': {
        name: 7,
        license: 3,
        repository: { url: 'git+ssh://git@host/d.git#x y' },
      },
      'node_modules/e/package.json': { name: 'e', version: '1', license: '(MIT OR Apache-2.0)' },
      'node_modules/f/package.json': { name: 'f', license: 'GPL-2.0+ WITH Bison-exception-2.2' },
      ...Object.fromEntries(
        ['a', 'b', '@s/c', 'd', 'e', 'f'].map((name) => [`node_modules/${name}/index.js`, '']),
      ),
      'node_modules/a/node_modules/e/package.json': { name: 'e', version: '1' },
      'node_modules/a/node_modules/e/index.js': '',
      'node_modules/a/index.js': `require('e')`,
    })
    const odd = path.join(work, 'odd')
    await ingotBuild(['main.ts', '--start', 'cold', '-o', odd], { cwd: directory })
    const bom = await sbom<CycloneDx>('cyclonedx', odd)
    for (const format of ['cyclonedx', 'spdx'] as const) {
      assert.deepEqual(validate[format](await sbom(format, odd)), [])
    }
    const own = bom.components.filter((one) => one['bom-ref'].startsWith('package/'))
    assert.deepEqual(own.map((one) => one.name).toSorted(), ['a', 'b', 'c', 'd', 'e', 'e', 'f'])
  })

  test('the command line prints it', async () => {
    const seconds = DATE.getTime() / 1000
    const env = { ...process.env, SOURCE_DATE_EPOCH: String(seconds) }
    const { stdout } = await ingot(['inspect', file, '--sbom', 'spdx'], { env })
    assert.equal(stdout, await sbomOf(file, 'spdx', DATE))
    const { status, stderr } = await ingot(['inspect', file, '--sbom', 'swid'])
    assert.equal(status, 2)
    assert.match(stderr, /error CLI_OPTION_VALUE .*--sbom swid is not a format/)
  })
})
