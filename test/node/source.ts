// Node's own tests, from the source package of Debian 12, through the machine's own apt: it knows the mirrors.
// They are Node 18's, the newest that a package with a hash can be had of; chosen/ names those of
// them that Node 26 still passes. Nothing of them is in this repository.

import { createHash, randomUUID } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

import { run } from '../support/commands.ts'

const PACKAGE = 'nodejs'
/**
 * Of the original sources, without Debian's patches: a security update changes only those. The name has the version,
 * the hash is of the file.
 */
const TARBALL = {
  name: 'nodejs_18.20.4+dfsg.orig.tar.xz',
  sha256: '6ce58062c71eae37d9c5ac31eeaeff9c2d48561d21c2849179d056c9c1bd9ebc',
}
/** What is taken of its `test` directory. */
const DIRECTORIES = ['common', 'fixtures', 'parallel', 'es-module', 'sequential']
/** No chosen test reads these: 37 MB, and TypeScript, for which an executable would turn source maps on. */
const WITHOUT = ['fixtures/wpt', 'fixtures/snapshot', 'fixtures/source-map', 'fixtures/typescript']

/** The `test` directory of Node's sources, fetched once and kept between runs. */
export async function nodeTestSources(): Promise<string> {
  const store = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'ingot-test')
  const recipe = JSON.stringify([TARBALL, DIRECTORIES, WITHOUT])
  const result = path.join(store, `node-${createHash('sha256').update(recipe).digest('hex').slice(0, 24)}`)
  if (existsSync(result)) return result

  const temporary = path.join(store, `.tmp-${randomUUID()}`)
  mkdirSync(temporary, { recursive: true })
  try {
    const tarball = await download(temporary)
    const tests = path.join(temporary, 'test')
    mkdirSync(tests)
    await must('tar', [
      '-xf',
      tarball,
      `--directory=${tests}`,
      '--strip-components=2',
      '--wildcards',
      '--no-wildcards-match-slash',
      ...WITHOUT.map((name) => `--exclude=node-*/test/${name}`),
      ...DIRECTORIES.map((name) => `node-*/test/${name}`),
    ])
    renameSync(tests, result)
  } catch (error) {
    // Another test file may have been first.
    if (!existsSync(result)) throw error
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  return result
}

async function download(directory: string): Promise<string> {
  const options = await sourceOptions(directory)
  await must('apt-get', [...options, '-q', 'update'], directory)
  const { stdout } = await must('apt-cache', [...options, 'showsrc', '--only-source', PACKAGE], directory)
  // Whatever the revision: what counts is that it comes with this very file.
  const version = stdout
    .split('\n\n')
    .find((paragraph) => paragraph.includes(TARBALL.sha256))
    ?.match(/^Version: (.*)$/m)?.[1]
  if (version === undefined)
    throw new Error(`apt knows no version of ${PACKAGE} with ${TARBALL.name}, sha256 ${TARBALL.sha256}`)
  await must(
    'apt-get',
    [...options, '-q', 'source', '--download-only', '--tar-only', `${PACKAGE}=${version}`],
    directory,
  )
  const file = path.join(directory, TARBALL.name)
  const actual = createHash('sha256').update(readFileSync(file)).digest('hex')
  if (actual !== TARBALL.sha256)
    throw new Error(`${TARBALL.name} has sha256 ${actual}, not ${TARBALL.sha256}`)
  return file
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

async function must(command: string, args: readonly string[], cwd?: string) {
  // Output is read by us, so it must not depend on the user's language.
  const env = { ...process.env, LC_ALL: 'C' }
  const outcome = await run(command, args, { env, ...(cwd !== undefined && { cwd }) })
  if (outcome.status === 0) return outcome
  const said = outcome.stderr.trim().split('\n').slice(-10).join('\n')
  throw new Error(`Node's own tests cannot be fetched: ${command} ended with ${outcome.status}\n${said}`)
}
