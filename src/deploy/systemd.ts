// A unit of systemd (systemd.exec(5), systemd.resource-control(5)) that allows what the contract has, for version 250 and newer.

import { directoryFor, isBelow, isLoopback, nameOf, type Deployment, type Format } from './deployment.ts'

export const systemd: Format = {
  workingDirectory: (name) => `/var/lib/${name}`,
  secretFile: (name, variable) => `/run/credentials/${name}.service/${variable}`,
  render: (deployment) =>
    [
      head(deployment),
      unit(deployment),
      process(deployment),
      environment(deployment),
      user(deployment),
      files(deployment),
      network(deployment),
      kernel(),
      '[Install]\nWantedBy=multi-user.target',
    ].join('\n\n') + '\n',
}

function head({ name, executable, secrets, secretFiles }: Deployment): string {
  return comment([
    `${name}.service, written by Ingot from the contract of the executable. To install:`,
    `  install -m 755 ${nameOf(executable)} ${executable}`,
    ...(secrets.length === 0 ? [] : [`  install -D -m 600 secrets.env ${secretsOf(name)}`]),
    ...secretFiles.map((each) => `  install -D -m 600 ${each.name} ${credentialOf(name, each.name)}`),
    `  install -m 644 ${name}.service /etc/systemd/system/`,
    `  systemctl daemon-reload && systemctl enable --now ${name}`,
  ])
}

function unit({ name, version }: Deployment): string {
  const description = version === undefined ? name : `${name} ${version}`
  return lines(
    '[Unit]',
    `Description=${escapePercent(description)}`,
    'Wants=network-online.target',
    'After=network-online.target',
  )
}

/** sysexits.h, EX_CONFIG: the world is not as the contract says. */
const NOT_AS_CONTRACT = 78

function process({ executable, args, directory, writes, reads }: Deployment): string {
  const needsDirectory = [...writes, ...reads].some((file) => isBelow(file, directory))
  return lines(
    '[Service]',
    'Type=exec',
    `ExecStart=${[executable, ...args].map(commandWord).join(' ')}`,
    needsDirectory && `WorkingDirectory=${escapePercent(directory)}`,
    'Restart=on-failure',
    '# The world is not as the contract says: starting again would not change it.',
    `RestartPreventExitStatus=${NOT_AS_CONTRACT}`,
  )
}

function environment({ name, variables, unset, secrets, secretFiles }: Deployment): string {
  const described = ({ description }: { readonly description: string | undefined }) =>
    description !== undefined && comment([description])
  return lines(
    ...variables.flatMap((each) => [described(each), `Environment=${quoted(`${each.name}=${each.value}`)}`]),
    ...unset.flatMap((each) => [described(each), `#Environment=${each.name}=`]),
    secrets.length > 0 &&
      comment([
        'Secrets: a line NAME=value each, in a file that only root can read (not even the program: it gets the variables).',
        ...secrets.map(
          (each) => `  ${each.name}${each.required ? '' : ' (optional)'}${suffix(each.description)}`,
        ),
      ]),
    secrets.length > 0 &&
      `EnvironmentFile=${secrets.some(({ required }) => required) ? '' : '-'}${escapePercent(secretsOf(name))}`,
    secretFiles.length > 0 &&
      comment(['Files that are secret: root has them, and the program gets a copy in memory.']),
    ...secretFiles.map(
      (each) => `LoadCredential=${each.name}:${escapePercent(credentialOf(name, each.name))}`,
    ),
  )
}

function user({ ports }: Deployment): string {
  const needsCapability = ports.some(({ port }) => port < 1024)
  const capability = needsCapability ? 'CAP_NET_BIND_SERVICE' : ''
  return lines(
    '# A user of its own, that exists only while the program runs.',
    'DynamicUser=yes',
    `CapabilityBoundingSet=${capability}`,
    `AmbientCapabilities=${capability}`,
    // In a namespace of users a capability would be none on the machine's ports.
    !needsCapability && 'PrivateUsers=yes',
    'NoNewPrivileges=yes',
    'UMask=0077',
  )
}

const MANAGED = [
  ['StateDirectory', '/var/lib/'],
  ['CacheDirectory', '/var/cache/'],
  ['LogsDirectory', '/var/log/'],
  ['RuntimeDirectory', '/run/'],
] as const
const TEMPORARY = ['/tmp', '/var/tmp']
const HOMES = ['/home', '/root', '/run/user']
/** What PrivateDevices has. */
const DEVICES = ['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom', '/dev/tty', '/dev/shm']

function files(deployment: Deployment): string {
  const { executable, hasContract, run, loadsFromDisk } = deployment
  const { managed, writes, reads, devices } = placesOf(deployment)
  const runsNothing = hasContract && run.length === 0 && !loadsFromDisk
  const hasHome = [...reads, ...writes].some((file) => HOMES.some((home) => isBelow(file, home)))
  const isHidden = ![...reads, ...writes].some((file) => file === '/proc' || /^\/proc\/(?!self\b)/.test(file))
  return lines(
    'ProtectSystem=strict',
    `ProtectHome=${hasHome ? 'read-only' : 'yes'}`,
    ...managed.map(([setting, names]) => `${setting}=${names.map(pathWord).join(' ')}`),
    managed.some(([setting]) => setting === 'StateDirectory') && 'StateDirectoryMode=0700',
    writes.length > 0 && '# These have to be there, and to let this user write.',
    writes.length > 0 && `ReadWritePaths=${writes.map(pathWord).join(' ')}`,
    reads.length > 0 && `ReadOnlyPaths=${reads.map(pathWord).join(' ')}`,
    ...(runsNothing
      ? ['# The program starts nothing but itself.', 'NoExecPaths=/', `ExecPaths=${pathWord(executable)}`]
      : []),
    ...(run.length > 0 ? [comment([`It starts ${run.join(', ')}.`])] : []),
    'PrivateTmp=yes',
    devices.length === 0 && 'PrivateDevices=yes',
    'DevicePolicy=closed',
    ...devices.map(([file, access]) => `DeviceAllow=${pathWord(file)} ${access}`),
    'ProtectProc=invisible',
    isHidden && 'ProcSubset=pid',
  )
}

function placesOf({ reads, writes }: Deployment) {
  const managed = new Map<string, string[]>()
  const others: string[] = []
  const isDevice = (file: string) => isBelow(file, '/dev') && !DEVICES.some((each) => isBelow(file, each))
  for (const file of writes) {
    const directory = directoryFor(file)
    const [setting, root] = MANAGED.find(([, each]) => directory.startsWith(each)) ?? []
    if (setting && !isBelow(file, '/run/user')) {
      const name = directory.slice(root.length)
      managed.set(setting, [...new Set([...(managed.get(setting) ?? []), name])])
    } else if (![...TEMPORARY, ...DEVICES].some((each) => isBelow(file, each)) && !isDevice(file)) {
      others.push(file)
    }
  }
  const isManaged = (file: string) =>
    MANAGED.some(([setting, root]) => managed.get(setting)?.some((name) => isBelow(file, root + name)))
  const rest = reads.filter((file) => !isManaged(file))
  return {
    managed: [...managed],
    writes: others,
    reads: rest.filter((file) => !isBelow(file, '/dev') && !isBelow(file, '/proc') && !isBelow(file, '/sys')),
    devices: [
      ...writes.filter(isDevice).map((file) => [file, 'rw'] as const),
      ...rest.filter(isDevice).map((file) => [file, 'r'] as const),
    ],
  }
}

function network(deployment: Deployment): string {
  const { ports, hasUnknownPorts, connects, hasUnknownConnects } = deployment
  const isOnline =
    ports.length > 0 || hasUnknownPorts || connects.some(({ kind }) => kind !== 'unix') || hasUnknownConnects
  if (!isOnline)
    return lines(
      '# Neither ports nor hosts are in the contract.',
      'PrivateNetwork=yes',
      'RestrictAddressFamilies=AF_UNIX',
    )
  const peers = peersOf(deployment)
  const hosts = connects.map((address) =>
    address.kind === 'unix'
      ? address.path
      : address.kind === 'host'
        ? address.host
        : `${address.host}:${address.port}`,
  )
  return lines(
    '# AF_NETLINK is how a program asks for the addresses of its machine.',
    'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
    hosts.length > 0 && comment([`It connects to ${hosts.join(', ')}.`]),
    ...(peers
      ? ['IPAddressDeny=any', `IPAddressAllow=${peers.join(' ')}`]
      : ['# No IPAddressDeny: clients, or hosts of which only the name is known, may have any address.']),
    // Whoever connects may bind first: a socket for datagrams always does.
    ...(hasUnknownPorts || hasUnknownConnects || connects.length > 0 || ports.length === 0
      ? []
      : ['SocketBindDeny=any', ...ports.map(({ port }) => `SocketBindAllow=${port}`)]),
  )
}

/** Undefined: any address. */
function peersOf({ ports, hasUnknownPorts, connects, hasUnknownConnects }: Deployment): string[] | undefined {
  const hosts = connects.flatMap((address) => (address.kind === 'unix' ? [] : [address.host]))
  const isKnown = (host: string | undefined) =>
    host !== undefined && (isLoopback(host) || /^[\d.]+$|:/.test(host))
  const isLocal = ports.every(({ host }) => host !== undefined && isLoopback(host))
  if (hasUnknownPorts || hasUnknownConnects || !isLocal || !hosts.every(isKnown)) return undefined
  return [
    ...new Set(['localhost', ...hosts.filter((host) => host !== undefined && !isLoopback(host))]),
  ] as string[]
}

function kernel(): string {
  return lines(
    'PrivateIPC=yes',
    'PrivateMounts=yes',
    'ProtectClock=yes',
    'ProtectControlGroups=yes',
    'ProtectHostname=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
    'LockPersonality=yes',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'RemoveIPC=yes',
    '# No MemoryDenyWriteExecute: V8 compiles JavaScript into memory, and makes that executable.',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    'SystemCallFilter=~@privileged @resources',
    'SystemCallErrorNumber=EPERM',
  )
}

function secretsOf(name: string): string {
  return `/etc/${name}/secrets.env`
}

function credentialOf(name: string, variable: string): string {
  return `/etc/${name}/${variable}`
}

function lines(...given: readonly (string | false)[]): string {
  return given.filter((line) => line !== false).join('\n')
}

function comment(texts: readonly string[]): string {
  return texts.map((text) => `# ${text.replaceAll(/\s*[\r\n]+\s*/g, ' ')}`).join('\n')
}

function suffix(description: string | undefined): string {
  return description === undefined ? '' : `: ${description}`
}

/** systemd.unit(5), specifiers. */
function escapePercent(text: string): string {
  return text.replaceAll('%', '%%')
}

/** systemd.syntax(7), quoting. */
function quoted(text: string): string {
  const escaped = escapePercent(text)
    .replaceAll(/["\\]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return `"${escaped}"`
}

const PLAIN = /^[\w./:@+,=-]+$/

function pathWord(file: string): string {
  return PLAIN.test(file) ? file : quoted(file)
}

/** systemd.service(5): `$` begins a variable, and `;` alone ends a command. */
function commandWord(text: string): string {
  return PLAIN.test(text) ? text : quoted(text.replaceAll('$', '$$$$'))
}
