// A Deployment and a Service of Kubernetes, within the "restricted" Pod Security Standard.

import {
  directoryFor,
  isBelow,
  isFileName,
  isLoopback,
  nameOf,
  type Deployment,
  type Format,
} from './deployment.ts'
import { toYaml, type Yaml } from './yaml.ts'

/** As distroless images have it, and those that Ingot makes. */
const USER = 65_532

/** @param image undefined: called as the program is, with its version */
export function kubernetes(image: string | undefined): Format {
  return {
    workingDirectory: () => '/data',
    secretFile: (_name, variable) => `${SECRETS}/${variable}`,
    render: (deployment) =>
      head(deployment) +
      [workload(deployment, image ?? imageOf(deployment)), ...service(deployment)].map(toYaml).join('---\n'),
  }
}

/** https://github.com/opencontainers/distribution-spec: a tag has no "+". */
function imageOf({ name, version = 'latest' }: Deployment): string {
  return `${name}:${version.replaceAll(/[^\w.-]/g, '-')}`
}

const SECRETS = '/run/secrets/ingot'

function head(deployment: Deployment): string {
  const { name, secrets, secretFiles, reads, writes, unset, connects, run } = deployment
  const create = [
    ...secrets.filter(({ required }) => required).map((each) => `--from-literal=${each.name}=…`),
    ...secretFiles.map((each) => `--from-file=${each.name}`),
  ]
  const optional = [...unset, ...secrets.filter(({ required }) => !required)].map((each) => each.name)
  const mounted = reads.filter((file) => !isGiven(file))
  const hosts = connects.flatMap((address) => (address.kind === 'unix' ? [] : [address.host]))
  const texts = [
    `${name}, written by Ingot from the contract of the executable.`,
    ...(create.length > 0
      ? [`Needs: kubectl create secret generic ${secretOf(name)} ${create.join(' ')}`]
      : []),
    ...mounted.map(
      (file) => `Needs: kubectl create configmap ${configOf(name, file)} --from-file=…, for ${file}`,
    ),
    ...(optional.length > 0 ? [`May be set, too: ${optional.join(', ')}.`] : []),
    ...(writes.length > 0
      ? [
          'What the program writes is gone with its pod: for what has to stay make an emptyDir a persistentVolumeClaim.',
        ]
      : []),
    ...(hosts.length > 0 ? [`It connects to ${[...new Set(hosts)].join(', ')}.`] : []),
    ...(run.length > 0 ? [`It starts ${run.join(', ')}, which the image has to have.`] : []),
  ]
  return texts.map((text) => `# ${text}\n`).join('')
}

function workload(deployment: Deployment, image: string): Yaml {
  const { name, args, directory, writes, reads } = deployment
  const { volumes, mounts } = volumesOf(deployment)
  const reached = reachedPorts(deployment)
  const usesDirectory = [...writes, ...reads].some((file) => isBelow(file, directory))
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels: labelsOf(deployment) },
    spec: {
      replicas: 1,
      selector: { matchLabels: selectorOf(deployment) },
      template: {
        metadata: { labels: labelsOf(deployment) },
        spec: {
          automountServiceAccountToken: false,
          // Variables about every service of the namespace: they may be taken for the program's own.
          enableServiceLinks: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: USER,
            runAsGroup: USER,
            fsGroup: volumes.length > 0 ? USER : undefined,
            seccompProfile: { type: 'RuntimeDefault' },
            sysctls: deployment.ports.some(({ port }) => port < 1024)
              ? [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }]
              : undefined,
          },
          containers: [
            {
              name,
              image,
              args: args.length > 0 ? args : undefined,
              workingDir: usesDirectory ? directory : undefined,
              ports:
                deployment.ports.length > 0
                  ? deployment.ports.map((each) => ({ name: each.name, containerPort: each.port }))
                  : undefined,
              env: environment(deployment),
              readinessProbe: reached.length > 0 ? { tcpSocket: { port: reached[0]!.name } } : undefined,
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              volumeMounts: mounts.length > 0 ? mounts : undefined,
            },
          ],
          volumes: volumes.length > 0 ? volumes : undefined,
        },
      },
    },
  }
}

function service(deployment: Deployment): Yaml[] {
  const ports = reachedPorts(deployment)
  if (ports.length === 0) return []
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: deployment.name, labels: labelsOf(deployment) },
      spec: {
        selector: selectorOf(deployment),
        ports: ports.map(({ name, port }) => ({ name, port, targetPort: name })),
      },
    },
  ]
}

/** From outside of the pod. */
function reachedPorts({ ports }: Deployment) {
  return ports.filter(({ host }) => host === undefined || !isLoopback(host))
}

function selectorOf({ name }: Deployment) {
  return { 'app.kubernetes.io/name': name }
}

function labelsOf(deployment: Deployment): Yaml {
  // https://kubernetes.io/docs/concepts/overview/working-with-objects/labels: a version may be longer, and have a "+".
  const version = deployment.version
    ?.replaceAll(/[^\w.-]/g, '-')
    .slice(0, 63)
    .replace(/[^A-Za-z0-9]+$/, '')
  return { ...selectorOf(deployment), 'app.kubernetes.io/version': version === '' ? undefined : version }
}

function environment({ name, variables, secrets }: Deployment): Yaml | undefined {
  const list = [
    // `$(NAME)` would be another variable.
    ...variables.map((each) => ({ name: each.name, value: each.value.replaceAll('$(', '$$$$(') })),
    ...secrets.map((each) => ({
      name: each.name,
      valueFrom: {
        secretKeyRef: { name: secretOf(name), key: each.name, optional: each.required ? undefined : true },
      },
    })),
  ]
  return list.length > 0 ? list : undefined
}

interface Volumes {
  readonly volumes: Yaml[]
  readonly mounts: Yaml[]
}

function volumesOf({ name, writes, reads, secretFiles }: Deployment): Volumes {
  const volumes: Yaml[] = []
  const mounts: Yaml[] = []
  const directories = new Set(writes.map(directoryFor))
  for (const directory of directories) {
    const volume = labelOf(directory)
    volumes.push({ name: volume, emptyDir: {} })
    mounts.push({ name: volume, mountPath: directory })
  }
  for (const file of reads) {
    if (isGiven(file) || [...directories].some((each) => isBelow(file, each))) continue
    const volume = labelOf(file)
    volumes.push({ name: volume, configMap: { name: configOf(name, file) } })
    const subPath = isFileName(file) ? nameOf(file) : undefined
    mounts.push({ name: volume, mountPath: file, subPath, readOnly: true })
  }
  if (secretFiles.length > 0) {
    const items = secretFiles.map((each) => ({ key: each.name, path: each.name }))
    volumes.push({ name: 'secret-files', secret: { secretName: secretOf(name), defaultMode: 0o440, items } })
    mounts.push({ name: 'secret-files', mountPath: SECRETS, readOnly: true })
  }
  return { volumes, mounts }
}

/** Every container has these. */
function isGiven(file: string): boolean {
  return /^\/(?:proc|sys|dev)(?:\/|$)|^\/etc\/(?:hosts|hostname|resolv\.conf)$/.test(file)
}

function secretOf(name: string): string {
  return `${name}-secrets`
}

function configOf(name: string, file: string): string {
  return `${name}-${labelOf(file)}`
}

/** A DNS label for a path. */
function labelOf(file: string): string {
  const label = file
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return label === '' ? 'root' : label.slice(-63).replace(/^-+/, '')
}
