// Names of images, as Docker understands them: https://github.com/distribution/reference

import { BuildError } from '../../base/diagnostics.ts'

export interface Reference {
  /** `registry/repository:tag`, with everything that was left out. */
  readonly name: string
  readonly registry: string
  readonly repository: string
  readonly tag: string
}

/** Where names without a registry belong. */
const DOCKER_HUB = 'docker.io'
const TAG = /^\w[\w.-]{0,127}$/
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/

/** @throws BuildError IMAGE_NAME */
export function parseReference(text: string): Reference {
  const refuse = (why: string): never => {
    throw new BuildError('IMAGE_NAME', `"${text}" is no name of an image: ${why}`, {
      help: 'write name:tag, registry/name:tag or host:port/name:tag, in lower case',
    })
  }
  if (text.includes('@')) refuse('a digest is what comes out')
  const colon = text.lastIndexOf(':')
  const hasTag = colon > text.lastIndexOf('/')
  const tag = hasTag ? text.slice(colon + 1) : 'latest'
  const path = hasTag ? text.slice(0, colon) : text
  const [first = '', ...rest] = path.split('/')
  const hasRegistry = rest.length > 0 && (/[.:[]/.test(first) || first === 'localhost')
  const registry = hasRegistry ? first : DOCKER_HUB
  const components = hasRegistry ? rest : [first, ...rest]
  const repository = [...(!hasRegistry && components.length === 1 ? ['library'] : []), ...components].join(
    '/',
  )
  if (!TAG.test(tag)) refuse(`the tag "${tag}" is none`)
  const wrong = components.find((component) => !COMPONENT.test(component))
  if (wrong !== undefined) refuse(wrong === '' ? 'it is not complete' : `"${wrong}" cannot be part of it`)
  if (!isHost(registry)) refuse(`"${registry}" is no host`)
  return { name: `${registry}/${repository}:${tag}`, registry, repository, tag }
}

function isHost(text: string): boolean {
  return (
    URL.canParse(`https://${text}/`) && new URL(`https://${text}/`).pathname === '/' && !/[?#@\\]/.test(text)
  )
}
