// SPDX 3.0.1 as JSON-LD: https://spdx.github.io/spdx-spec/v3.0.1/

import parseExpression from 'spdx-expression-parse'

import { programName, sbomContents, sbomUuid, type SbomComponent, type SbomSubject } from './contents.ts'

const CONTEXT = 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld'
const CREATION = '_:creation'

interface Element {
  readonly type: string
  readonly spdxId: string
  readonly [property: string]: unknown
}

/** @param created when the SBOM is written */
export function toSpdx(subject: SbomSubject, created: Date): string {
  const { program, inside } = sbomContents(subject)
  const id = (name: string) => `urn:uuid:${sbomUuid(subject)}#${encodeURI(name)}`
  const components = [program, ...inside]
  const licenses = licensesOf(components, id)
  const elements: Element[] = [
    ...components.map((one) => toElement(one, id(one.ref))),
    ...licenses.elements,
    relationship(
      id,
      'contains',
      program.ref,
      inside.map(({ ref }) => ref),
    ),
    ...components
      .filter(({ needs }) => needs.length > 0)
      .map(({ ref, needs }) => relationship(id, 'dependsOn', ref, needs)),
    ...components.flatMap(({ ref, license }) =>
      license === undefined
        ? []
        : [relationship(id, 'hasDeclaredLicense', ref, [licenses.refs.get(license)!])],
    ),
  ]
  const tool = { type: 'SoftwareAgent', spdxId: id('tool'), name: `ingot ${subject.info.ingot}` }
  const sbom = {
    type: 'software_Sbom',
    spdxId: id('sbom'),
    name: programName(subject.info),
    profileConformance: ['core', 'software', 'simpleLicensing'],
    rootElement: [id(program.ref)],
    element: elements.map(({ spdxId }) => spdxId),
    software_sbomType: ['analyzed'],
  }
  const document = {
    type: 'SpdxDocument',
    spdxId: id('document'),
    name: programName(subject.info),
    profileConformance: ['core', 'software', 'simpleLicensing'],
    rootElement: [sbom.spdxId],
    element: [tool.spdxId, sbom.spdxId, ...sbom.element],
  }
  const creation = {
    type: 'CreationInfo',
    '@id': CREATION,
    specVersion: '3.0.1',
    created: created.toISOString().replace(/\.\d+Z$/, 'Z'),
    createdBy: [tool.spdxId],
  }
  const graph = [
    creation,
    ...[document, sbom, tool, ...elements].map((element) => ({ ...element, creationInfo: CREATION })),
  ]
  return `${JSON.stringify({ '@context': CONTEXT, '@graph': graph }, undefined, 2)}\n`
}

const PURPOSES = {
  application: 'application',
  platform: 'platform',
  library: 'library',
  file: 'file',
} as const satisfies Record<SbomComponent['kind'], string>

function toElement(one: SbomComponent, spdxId: string): Element {
  const { name, kind, version, purl, cpe, hash, homepage, repository, properties } = one
  const comment = Object.entries(properties).map(([key, value]) => `${key}: ${value}`)
  return {
    type: kind === 'file' ? 'software_File' : 'software_Package',
    spdxId,
    name,
    ...(comment.length > 0 && { comment: comment.join('\n') }),
    software_primaryPurpose: PURPOSES[kind],
    ...(version !== undefined && { software_packageVersion: version }),
    ...(purl !== undefined && { software_packageUrl: purl }),
    ...(cpe !== undefined && {
      externalIdentifier: [{ type: 'ExternalIdentifier', externalIdentifierType: 'cpe23', identifier: cpe }],
    }),
    ...(hash && {
      verifiedUsing: [
        { type: 'Hash', algorithm: hash.algorithm.replace('-', '').toLowerCase(), hashValue: hash.value },
      ],
    }),
    ...(homepage !== undefined && URL.canParse(homepage) && { software_homePage: homepage }),
    ...(repository !== undefined && {
      externalRef: [{ type: 'ExternalRef', externalRefType: 'vcs', locator: [repository] }],
    }),
  }
}

type MakeId = (name: string) => string

function relationship(id: MakeId, relationshipType: string, from: string, to: readonly string[]): Element {
  return {
    type: 'Relationship',
    spdxId: id(`${relationshipType}/${from}`),
    relationshipType,
    from: id(from),
    to: to.map(id),
  }
}

/** An element for each licence that is named, and what it is called: `SEE LICENSE IN …` is no expression of SPDX's. */
function licensesOf(components: readonly SbomComponent[], id: MakeId) {
  const names = [...new Set(components.flatMap(({ license }) => license ?? []))]
  const refs = new Map(names.map((name, i) => [name, `license/${i}`]))
  const elements = names.flatMap((name): Element[] => {
    const spdxId = id(refs.get(name)!)
    const type = 'simplelicensing_LicenseExpression'
    if (isExpression(name)) return [{ type, spdxId, simplelicensing_licenseExpression: name }]
    const text = {
      type: 'simplelicensing_SimpleLicensingText',
      spdxId: `${spdxId}/text`,
      simplelicensing_licenseText: name,
    }
    const key = `LicenseRef-${name.replaceAll(/[^A-Za-z0-9.-]+/g, '-')}`
    const entry = { type: 'DictionaryEntry', key, value: text.spdxId }
    return [
      { type, spdxId, simplelicensing_licenseExpression: key, simplelicensing_customIdToUri: [entry] },
      text,
    ]
  })
  return { refs, elements }
}

function isExpression(text: string): boolean {
  try {
    parseExpression(text)
    return true
  } catch {
    return false
  }
}
