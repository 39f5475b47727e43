// A job of Nomad in HCL2 (https://developer.hashicorp.com/nomad/docs/job-specification), for the "exec" driver: one
// static file needs no image.

import { directoryFor, isLoopback, nameOf, type Deployment, type Format, type Port } from './deployment.ts'

export const nomad: Format = {
  workingDirectory: () => '/alloc/data',
  secretFile: (_name, variable) => `/secrets/${variable}`,
  render: (deployment) =>
    head(deployment) +
    block('variable "artifact"', [
      'type        = string',
      `description = ${text(`URL of the executable ${nameOf(deployment.executable)}`)}`,
    ]) +
    '\n' +
    block(`job ${text(deployment.name)}`, ['type = "service"', '', ...group(deployment)]),
}

function head({ name, secrets, secretFiles, unset, reads, run }: Deployment): string {
  const put = [
    ...secrets.map((each) => `${each.name}=…`),
    ...secretFiles.map((each) => `${each.name}=@${each.name}`),
  ]
  const texts = [
    `${name}, written by Ingot from the contract of the executable.`,
    `Run: nomad job run -var artifact=https://… ${name}.nomad.hcl`,
    ...(put.length > 0 ? [`Needs: nomad var put nomad/jobs/${name} ${put.join(' ')}`] : []),
    ...(unset.length > 0 ? [`May be set, too: ${unset.map((each) => each.name).join(', ')}.`] : []),
    ...(reads.length > 0
      ? [`Reads ${reads.join(', ')}: what a task does not see of its client takes a volume or a template.`]
      : []),
    ...(run.length > 0 ? [`Starts ${run.join(', ')}.`] : []),
  ]
  return texts.map((line) => `# ${line.replaceAll(/\s+/g, ' ')}\n`).join('') + '\n'
}

function group(deployment: Deployment): string[] {
  const { name, ports, writes } = deployment
  const lines = [
    ...nested('restart', ['attempts = 2', 'delay    = "15s"', 'interval = "5m"', 'mode     = "delay"']),
  ]
  if (ports.length > 0) lines.push('', ...nested('network', ports.flatMap(portBlock)))
  for (const port of ports.filter(({ host }) => host === undefined || !isLoopback(host)))
    lines.push('', ...service(name, port))
  const volumes = [...new Set(writes.map(directoryFor))].filter((file) => !isOwn(file))
  for (const file of volumes) {
    lines.push(
      '',
      ...nested(`volume ${text(volumeOf(file))}`, ['type   = "host"', `source = ${text(volumeOf(file))}`]),
    )
  }
  lines.push('', ...task(deployment, volumes))
  return nested(`group ${text(name)}`, lines)
}

/** A port that a variable tells the program is Nomad's to choose. */
function portBlock({ name, port, isFixed }: Port): string[] {
  return nested(`port ${text(labelOf(name))}`, isFixed ? [`static = ${port}`] : [])
}

function service(name: string, port: Port): string[] {
  return nested('service', [
    `name     = ${text(port.name === 'port' ? name : `${name}-${port.name}`)}`,
    `port     = ${text(labelOf(port.name))}`,
    'provider = "nomad"',
    '',
    ...nested('check', ['type     = "tcp"', 'interval = "10s"', 'timeout  = "2s"']),
  ])
}

function task(deployment: Deployment, volumes: readonly string[]): string[] {
  const { name, executable, args, variables, ports, secrets, secretFiles } = deployment
  const file = nameOf(executable)
  const env = variables.map((each) => {
    const port = ports.find(({ variable, isFixed }) => variable === each.name && !isFixed)
    return `${each.name} = ${port ? `"\${NOMAD_PORT_${labelOf(port.name)}}"` : text(each.value)}`
  })
  const lines = [
    'driver = "exec"',
    'user   = "nobody"',
    '',
    ...nested('artifact', [
      'source      = var.artifact',
      `destination = ${text(`local/${file}`)}`,
      'mode        = "file"',
    ]),
    '',
    ...nested('config', [
      `command = ${text(`local/${file}`)}`,
      ...(args.length > 0 ? [`args    = [${args.map(text).join(', ')}]`] : []),
    ]),
  ]
  if (env.length > 0) lines.push('', ...nested('env', env))
  if (secrets.length > 0) {
    const rows = secrets.map((each) => `{{ with .${each.name} }}${each.name}={{ . | toJSON }}\n{{ end }}`)
    lines.push(
      '',
      ...template(
        `{{ with nomadVar ${JSON.stringify(`nomad/jobs/${name}`)} }}${rows.join('')}{{ end }}\n`,
        'secrets/variables.env',
        true,
      ),
    )
  }
  for (const each of secretFiles) {
    lines.push(
      '',
      ...template(
        `{{ with nomadVar ${JSON.stringify(`nomad/jobs/${name}`)} }}{{ .${each.name} }}{{ end }}`,
        `secrets/${each.name}`,
        false,
      ),
    )
  }
  for (const file of volumes) {
    lines.push(
      '',
      ...nested('volume_mount', [`volume      = ${text(volumeOf(file))}`, `destination = ${text(file)}`]),
    )
  }
  return nested(`task ${text(name)}`, lines)
}

function template(data: string, destination: string, env: boolean): string[] {
  return nested('template', [
    `data        = ${text(data)}`,
    `destination = ${text(destination)}`,
    ...(env ? ['env         = true'] : ['perms       = "0400"', 'uid         = 65534']),
  ])
}

/** It is part of a variable's name. */
function labelOf(port: string): string {
  return port.replaceAll('-', '_')
}

/** What each task has of its own. */
function isOwn(file: string): boolean {
  return /^\/(?:alloc|local|secrets|tmp)(?:\/|$)/.test(file)
}

function volumeOf(file: string): string {
  return file.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'root'
}

function nested(name: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [`${name} {}`]
  return [`${name} {`, ...lines.map((line) => (line === '' ? '' : `  ${line}`)), '}']
}

function block(name: string, lines: readonly string[]): string {
  return `${nested(name, lines).join('\n')}\n`
}

/** A string that is no template: HCL's native syntax, "Templates". */
function text(value: string): string {
  return JSON.stringify(value)
    .replaceAll(/\\[bf]/g, (escape) => (escape === '\\b' ? '\\u0008' : '\\u000c'))
    .replaceAll('${', '$$${')
    .replaceAll('%{', '%%{')
}
