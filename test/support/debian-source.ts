// Files that others test with, from source packages of Debian 12, through the machine's own apt: it knows the mirrors.

import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { run } from './commands.ts'
import { kept } from './kept.ts'

/** Original sources, without Debian's patches: a security update changes only those. */
export interface DebianSource {
  readonly package: string
  /** Its name has the version. */
  readonly file: string
  readonly sha256: string
}

/**
 * Some of its files, fetched once and kept between runs.
 * @param members what tar takes of it, and how: patterns, options
 */
export function filesOfDebianSource(source: DebianSource, members: readonly string[]): Promise<string> {
  const recipe = createHash('sha256').update(JSON.stringify([source, members]))
  return kept(`${source.package}-${recipe.digest('hex').slice(0, 24)}`, async (temporary) => {
    const tarball = await download(source, temporary)
    const files = path.join(temporary, 'files')
    mkdirSync(files)
    await must('tar', ['-xf', tarball, `--directory=${files}`, '--wildcards', ...members])
    return files
  })
}

async function download({ package: name, file, sha256 }: DebianSource, directory: string): Promise<string> {
  const options = await sourceOptions(directory)
  await must('apt-get', [...options, '-q', 'update'], directory)
  const { stdout } = await must('apt-cache', [...options, 'showsrc', '--only-source', name], directory)
  // Whatever the revision: what counts is that it comes with this very file.
  const version = stdout
    .split('\n\n')
    .find((paragraph) => paragraph.includes(sha256))
    ?.match(/^Version: (.*)$/m)?.[1]
  if (version === undefined) throw new Error(`apt knows no version of ${name} with ${file}, sha256 ${sha256}`)
  await must(
    'apt-get',
    [...options, '-q', 'source', '--download-only', '--tar-only', `${name}=${version}`],
    directory,
  )
  const tarball = path.join(directory, file)
  const actual = createHash('sha256').update(readFileSync(tarball)).digest('hex')
  if (actual !== sha256) throw new Error(`${file} has sha256 ${actual}, not ${sha256}`)
  return tarball
}

/** The machine's package sources as sources of source packages, which few machines have; nothing of it is changed. */
async function sourceOptions(directory: string): Promise<string[]> {
  const { stdout } = await must('apt-config', [
    'shell',
    'LIST',
    'Dir::Etc::sourcelist/f',
    'PARTS',
    'Dir::Etc::sourceparts/d',
  ])
  const [list = '', parts = ''] = ['LIST', 'PARTS'].map(
    (name) => new RegExp(`^${name}='(.*)'$`, 'm').exec(stdout)?.[1],
  )
  const sources = path.join(directory, 'sources')
  mkdirSync(sources)
  if (existsSync(parts)) cpSync(parts, sources, { recursive: true })
  if (existsSync(list)) cpSync(list, path.join(sources, 'machine.list'))
  for (const name of readdirSync(sources)) {
    const file = path.join(sources, name)
    const text = readFileSync(file, 'utf8')
    if (name.endsWith('.list')) writeFileSync(file, text.replace(/^deb(?=[ \t])/gm, 'deb-src'))
    if (name.endsWith('.sources')) writeFileSync(file, text.replace(/^Types:.*$/gim, 'Types: deb-src'))
  }
  for (const name of ['lists', 'cache']) mkdirSync(path.join(directory, name))
  return Object.entries({
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': sources,
    'Dir::State::lists': path.join(directory, 'lists'),
    'Dir::Cache': path.join(directory, 'cache'),
    // As root, apt would switch to a user that cannot write into our directory.
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
  }).flatMap(([key, value]) => ['-o', `${key}=${value}`])
}

/** What it prints is read, so it must not depend on the user's language. */
async function must(command: string, args: readonly string[], cwd?: string) {
  const env = { ...process.env, LC_ALL: 'C' }
  const outcome = await run(command, args, { env, ...(cwd !== undefined && { cwd }) })
  if (outcome.status === 0) return outcome
  const said = outcome.stderr.trim().split('\n').slice(-10).join('\n')
  throw new Error(
    `a source package of Debian cannot be fetched: ${command} ended with ${outcome.status}\n${said}`,
  )
}
