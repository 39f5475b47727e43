// A daemon of launchd (launchd.plist(5)).

import { isBelow, nameOf, type Deployment, type Format } from './deployment.ts'

export const launchd: Format = {
  workingDirectory: (name) => `/usr/local/var/${name}`,
  secretFile: (name, variable) => `/usr/local/etc/${name}/${variable}`,
  render: (deployment) =>
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n' +
    `<!--\n${head(deployment)
      .map((line) => `  ${line.replaceAll(/-(?=-)/g, '- ')}\n`)
      .join('')}-->\n` +
    `<plist version="1.0">\n${element(daemon(deployment), '')}</plist>\n`,
}

function head({
  name,
  executable,
  secrets,
  secretFiles,
  unset,
  reads,
  writes,
  connects,
}: Deployment): string[] {
  return [
    `${name}, written by Ingot from the contract of the executable. To install:`,
    `  sudo install -m 755 ${nameOf(executable)} ${executable}`,
    `  sudo install -m 644 ${name}.plist /Library/LaunchDaemons/`,
    `  sudo launchctl bootstrap system /Library/LaunchDaemons/${name}.plist`,
    ...(secrets.length > 0
      ? [
          `Secrets: a line NAME='value' each in ${secretsOf(name)}, of ${USER} and with mode 400:`,
          ...secrets.map((each) => `  ${each.name}${each.required ? '' : ' (optional)'}`),
        ]
      : []),
    ...secretFiles.map((each) => `${each.name} is a file that is secret: of ${USER}, and with mode 400.`),
    ...(unset.length > 0 ? [`May be set, too: ${unset.map((each) => each.name).join(', ')}.`] : []),
    ...(reads.length > 0 ? [`${USER} has to be able to read ${reads.join(', ')}.`] : []),
    ...(writes.length > 0 ? [`${USER} has to be able to write ${writes.join(', ')}.`] : []),
    ...(connects.length > 0
      ? [
          `It connects to ${connects.map((each) => (each.kind === 'unix' ? each.path : each.host)).join(', ')}.`,
        ]
      : []),
  ]
}

/** Who may do least. */
const USER = 'nobody'

/** As exec(2) does it, so the program is launchd's child. */
const WITH_SECRETS = 'set -a; . "$0"; set +a; exec "$@"'

type Plist = string | number | boolean | readonly Plist[] | { readonly [key: string]: Plist | undefined }

function daemon({
  name,
  executable,
  args,
  variables,
  secrets,
  directory,
  reads,
  writes,
  ports,
}: Deployment): Plist {
  const command = [executable, ...args]
  const usesDirectory = [...reads, ...writes].some((file) => isBelow(file, directory))
  const needsRoot = ports.some(({ port, host }) => port < 1024 && host !== undefined)
  return {
    Label: name,
    ProgramArguments:
      secrets.length > 0 ? ['/bin/sh', '-c', WITH_SECRETS, secretsOf(name), ...command] : command,
    // macOS lets everybody listen on low ports of all addresses, but not of one.
    UserName: needsRoot ? undefined : USER,
    EnvironmentVariables:
      variables.length > 0 ? Object.fromEntries(variables.map((each) => [each.name, each.value])) : undefined,
    WorkingDirectory: usesDirectory ? directory : undefined,
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: 10,
    ProcessType: 'Background',
    SoftResourceLimits: { Core: 0 },
    HardResourceLimits: { Core: 0 },
    Umask: 0o077,
    StandardOutPath: `/Library/Logs/${name}.log`,
    StandardErrorPath: `/Library/Logs/${name}.log`,
  }
}

function secretsOf(name: string): string {
  return `/usr/local/etc/${name}/secrets.env`
}

function element(value: Plist, indent: string): string {
  if (typeof value === 'boolean') return `${indent}<${value}/>\n`
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>\n`
  if (typeof value === 'string') return `${indent}<string>${escapeXml(value)}</string>\n`
  const inner = `${indent}\t`
  if (isList(value))
    return `${indent}<array>\n${value.map((each) => element(each, inner)).join('')}${indent}</array>\n`
  const entries = Object.entries(value).flatMap(([key, each]) =>
    each === undefined ? [] : [`${inner}<key>${escapeXml(key)}</key>\n${element(each, inner)}`],
  )
  return `${indent}<dict>\n${entries.join('')}${indent}</dict>\n`
}

function isList(value: Plist): value is readonly Plist[] {
  return Array.isArray(value)
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
