// CycloneDX 1.7 as JSON: https://cyclonedx.org/docs/1.7/json/

import { Factories } from '@cyclonedx/cyclonedx-library/Contrib/License'
import {
  ComponentType,
  ExternalReferenceType,
  HashAlgorithm,
  LicenseAcknowledgement,
  LifecyclePhase,
} from '@cyclonedx/cyclonedx-library/Enums'
import * as Models from '@cyclonedx/cyclonedx-library/Models'
import { JSON as Json, JsonSerializer } from '@cyclonedx/cyclonedx-library/Serialize'
import { Spec1dot7 } from '@cyclonedx/cyclonedx-library/Spec'
import parseExpression from 'spdx-expression-parse'

import { sbomContents, sbomUuid, type SbomComponent, type SbomSubject } from './contents.ts'

const TYPES = {
  application: ComponentType.Application,
  platform: ComponentType.Platform,
  library: ComponentType.Library,
  file: ComponentType.File,
} as const satisfies Record<SbomComponent['kind'], ComponentType>

/** @param created when the SBOM is written */
export function toCycloneDx(subject: SbomSubject, created: Date): string {
  const { program, inside } = sbomContents(subject)
  const components = new Map([program, ...inside].map((one) => [one.ref, toComponent(one)]))
  for (const { ref, needs } of [program, ...inside]) {
    for (const need of needs) components.get(ref)!.dependencies.add(components.get(need)!.bomRef)
  }
  const main = components.get(program.ref)!
  const tool = new Models.Component(ComponentType.Application, 'ingot', { version: subject.info.ingot })
  const bom = new Models.Bom({
    serialNumber: `urn:uuid:${sbomUuid(subject)}`,
    metadata: new Models.Metadata({
      timestamp: created,
      lifecycles: new Models.LifecycleRepository([LifecyclePhase.PostBuild]),
      tools: new Models.Tools({ components: new Models.ComponentRepository([tool]) }),
      component: main,
    }),
    components: new Models.ComponentRepository([...components.values()].filter((one) => one !== main)),
  })
  const serializer = new JsonSerializer(new Json.Normalize.Factory(Spec1dot7))
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`
}

function toComponent(one: SbomComponent): Models.Component {
  const { group, name } = nameOf(one)
  const component = new Models.Component(TYPES[one.kind], name, {
    bomRef: one.ref,
    group,
    version: one.version,
    purl: one.purl,
    cpe: one.cpe,
  })
  if (one.hash) component.hashes.set(HashAlgorithm[one.hash.algorithm], one.hash.value)
  if (one.license !== undefined) component.licenses.add(toLicense(one.license))
  const refer = (type: ExternalReferenceType, url: string | undefined) =>
    url !== undefined && component.externalReferences.add(new Models.ExternalReference(url, type))
  refer(ExternalReferenceType.Website, one.homepage)
  refer(ExternalReferenceType.VCS, one.repository)
  for (const [name, value] of Object.entries(one.properties)) {
    component.properties.add(new Models.Property(`ingot:${name}`, value))
  }
  return component
}

/** npm's scope is what CycloneDX calls a group. */
function nameOf({ name, kind }: SbomComponent): { group: string | undefined; name: string } {
  const [, group, rest] = (kind !== 'file' && /^(@[^/]+)\/(.+)$/.exec(name)) || []
  return { group, name: rest ?? name }
}

function toLicense(text: string): Models.License {
  const license = new Factories.LicenseFactory(parseExpression).makeFromString(text)
  license.acknowledgement = LicenseAcknowledgement.Declared
  return license
}
