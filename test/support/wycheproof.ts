// Wycheproof's vectors: 160 files of JSON, which Debian has in the source package of Android's BoringSSL. Fetched with the
// machine's own apt, checked, and kept between runs.

import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

import { run } from './commands.ts'

const PACKAGE = 'android-platform-external-boringssl=13.0.0+r24-2'
const SHA256 = '583b7aeee1fca68b8244d086cea6fca23bd19d517bd63f0b9de714e048f92a7d'

/** A directory with nothing but the vectors. */
export async function wycheproofVectors(): Promise<string> {
  const store = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'ingot-test')
  const result = path.join(store, `wycheproof-${SHA256.slice(0, 24)}`)
  if (existsSync(result)) return result
  const temporary = path.join(store, `.tmp-${randomUUID()}`)
  const vectors = path.join(temporary, 'vectors')
  mkdirSync(vectors, { recursive: true })
  try {
    const archive = await download(temporary)
    const found = createHash('sha256').update(readFileSync(archive)).digest('hex')
    if (found !== SHA256) throw new Error(`${PACKAGE} should have sha256 ${SHA256}, apt gave ${found}`)
    const wanted = ['--wildcards', '*/wycheproof_testvectors/*.json', '--strip-components=4']
    await succeeds('tar', ['-xJf', archive, '-C', vectors, ...wanted], temporary)
    renameSync(vectors, result)
  } catch (error) {
    // Another test file may have been first.
    if (!existsSync(result)) throw error
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  return result
}

async function download(directory: string): Promise<string> {
  const lists = path.join(directory, 'lists')
  mkdirSync(path.join(lists, 'partial'), { recursive: true })
  const sources = path.join(directory, 'sources.list')
  writeFileSync(sources, await debianSources(directory))
  const options = {
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '-',
    'Dir::State::Lists': lists,
    'Dir::Cache': directory,
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  }
  const set = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  await succeeds('apt-get', [...set, '-q', 'update'], directory)
  await succeeds('apt-get', [...set, '-q', 'source', '--download-only', '--tar-only', PACKAGE], directory)
  const archive = readdirSync(directory).find((name) => name.includes('.orig.tar.'))
  if (archive === undefined) throw new Error(`apt has downloaded no archive of ${PACKAGE}`)
  return path.join(directory, archive)
}

/** Where the machine has its packages of Debian 12 from, sources too: few machines ask for those. */
async function debianSources(directory: string): Promise<string> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)'
  const targets = await succeeds('apt-get', ['indextargets', '--format', format], directory)
  const lines = targets.split('\n').flatMap((line) => {
    const [address, release, component] = line.split(' ')
    return release === 'bookworm' && component === 'main'
      ? [`deb-src ${address} ${release} ${component}\n`]
      : []
  })
  if (lines.length === 0) throw new Error('these tests need apt with the packages of Debian 12 (bookworm)')
  return [...new Set(lines)].join('')
}

async function succeeds(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { status, stdout, stderr } = await run(command, args, { cwd })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`)
  return stdout
}
