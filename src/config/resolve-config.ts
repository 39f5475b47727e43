// The first stage: flags, ingot.config.ts and package.json in, one ResolvedConfig out. No later stage
// looks at any of the three, so what is not in ResolvedConfig cannot influence an executable.

import { basename, dirname, join, resolve } from 'node:path'
import { BuildError, type Diagnostic } from '../base/diagnostics.ts'
import { checkFuses } from './check-fuses.ts'
import { checkForTarget } from './check-target.ts'
import { diagnoseIcu, resolveIcu } from './icu.ts'
import type { Inputs } from '../base/inputs.ts'
import { platformOf, type Target } from '../base/targets.ts'
import { TRACE_NAME } from '../base/trace-file.ts'
import { DEFAULT_FUSES, FUSES, WITHOUT_EXPORTS, withFuses } from '../format/fuses.ts'
import type {
  ConfigFlags,
  EntryPoint,
  PlacedContract,
  ProgramTrace,
  ResolvedConfig,
  UserConfig,
} from './config.ts'
import { resolveContract } from './contract.ts'
import { CONFIG_NAMES, findConfigFile, loadConfigFile } from './config-file.ts'
import { above } from './config-inputs.ts'
import { locateEntries, namedPaths, projectDirOf } from './entries.ts'
import { kindOf, linksOnTheWay, nearestPackageDir } from './files.ts'
import { pick, withoutUndefined, type Layer } from './layer.ts'
import { commandName, manifestLayer, readManifest, type Manifest } from './manifest.ts'
import { defaultName, outputPath } from './output-path.ts'
import { CONVENTIONS, packageEntries } from './package-entries.ts'
import { findTests } from './test-files.ts'
import { parseRuntime } from './runtime-request.ts'
import { parseTargets } from './targets.ts'

export interface ConfigResult {
  readonly config: ResolvedConfig
  /** All that were asked for; the configuration is for the first. */
  readonly targets: readonly Target[]
  readonly diagnostics: readonly Diagnostic[]
  /** What was looked at to find all this. */
  readonly inputs: Inputs
}

export async function resolveConfig(flags: ConfigFlags, { cwd }: { cwd: string }): Promise<ConfigResult> {
  const diagnostics: Diagnostic[] = []
  const base = findBase(flags, cwd)
  const layers = await readLayers(base, diagnostics)
  const tests = flags.tests && findTests(flags.tests, cwd)
  const entries = tests ? [] : await resolveEntries(base, layers)
  const projectDir = tests ? base.dir : projectDirOf(entries)
  const project = projectDir === base.manifest?.dir ? base.manifest : readManifest(projectDir)
  const traceFile = traceFileOf(layers, projectDir)
  const trace = traceFile === undefined ? undefined : await readTrace(traceFile, projectDir)
  const placed = contractOf(layers, base.dir)
  // Tests do more than the program: of its contract they have what `env` says.
  const contract = placed && tests ? withoutLimits(placed) : placed
  const name = tests
    ? `${commandName(project) ?? basename(cwd)}.test`
    : defaultName(commandName(project), entries[0]!)

  const targets = parseTargets(pick(layers, 'target'))
  const [target] = targets
  const { isOneOfSeveral = false } = flags
  const windows = platformOf(target).os === 'win32' ? ofSystem(layers, 'windows', 'icon') : undefined
  const darwin = platformOf(target).os === 'darwin' ? ofSystem(layers, 'darwin', 'infoPlist') : undefined

  const icu = resolveIcu(pick(layers, 'icu'))

  const config: ResolvedConfig = {
    projectDir,
    entries,
    out: outputPath(pick(layers, 'out'), { name, cwd, entries, target, isOneOfSeveral }),
    target,
    runtime: parseRuntime(pick(layers, 'runtime'), target),
    // Reversed: the strongest layer is spread last.
    define: Object.assign({}, ...layers.toReversed().map((layer) => layer.values.define)),
    include: unique(layers, ({ values, baseDir }) => values.include?.map((glob) => resolve(baseDir, glob))),
    external: unique(layers, ({ values }) => values.external),
    native: pick(layers, 'native')?.value ?? 'allow',
    fuses: fusesOf(layers, target),
    bundle: pick(layers, 'bundle')?.value ?? (pick(layers, 'minify')?.value === true ? true : undefined),
    minify: pick(layers, 'minify')?.value ?? false,
    sourcemap: pick(layers, 'sourcemap')?.value ?? false,
    check: pick(layers, 'check')?.value ?? false,
    start: pick(layers, 'start')?.value ?? 'auto',
    ...(icu && { icu }),
    ...compressionOf(pick(layers, 'compress')?.value),
    ...(trace && { trace }),
    ...(contract && { contract }),
    ...(windows && { windows }),
    ...(darwin && { darwin }),
    // Each file as it is: a test may replace modules, and coverage is about lines. Most of a run are children, which
    // start cold.
    ...(tests && { tests, bundle: false, start: 'cold' }),
  }
  checkForTarget(config)
  diagnostics.push(...diagnoseIcu(config))
  const inputs = inputsOf(base, config, layers)
  const ofTrace = traceFile === undefined ? [] : [traceFile.file]
  return { config, targets, diagnostics, inputs: { ...inputs, files: [...inputs.files, ...ofTrace] } }
}

const DEFAULT_LEVEL = 22

function compressionOf(value: UserConfig['compress'] = false): Pick<ResolvedConfig, 'compress'> {
  if (value === false) return {}
  return { compress: (value === true ? undefined : value.level) ?? DEFAULT_LEVEL }
}

/** Key by key, as with fuses. */
function ofSystem<System extends 'windows' | 'darwin'>(
  layers: readonly Layer[],
  system: System,
  pathKey: keyof NonNullable<UserConfig[System]> & string,
): NonNullable<UserConfig[System]> | undefined {
  const given = layers.flatMap(({ values, baseDir }) => {
    const value = values[system] as Record<string, string> | undefined
    if (!value) return []
    const path = value[pathKey]
    return [{ ...value, ...(path !== undefined && { [pathKey]: resolve(baseDir, path) }) }]
  })
  return given.length === 0 ? undefined : Object.assign({}, ...given.toReversed())
}

/** Where an executable without addons can do without what node offers to them. */
const WITHOUT_EXPORTS_TARGET: Target = 'linux-x64'

/** A layer's `codeFromDisk` is the fuse of that name. */
function fusesOf(layers: readonly Layer[], target: Target): number {
  const settings = layers.map(({ values: { codeFromDisk, fuses } }) => ({
    ...(codeFromDisk !== undefined && { codeFromDisk: codeFromDisk === 'allow' }),
    ...fuses,
  }))
  const fuses = checkFuses(withFuses(DEFAULT_FUSES, Object.assign({}, ...settings.toReversed())))
  const hasAddons = pick(layers, 'native')?.value !== 'deny' || (fuses & FUSES.codeFromDisk) !== 0
  return hasAddons || target !== WITHOUT_EXPORTS_TARGET ? fuses : fuses | WITHOUT_EXPORTS
}

/** Where `ingot trace` writes, and builds look. */
export async function locateTrace(flags: ConfigFlags, { cwd }: { cwd: string }): Promise<string> {
  const base = findBase(flags, cwd)
  const layers = await readLayers(base, [])
  const projectDir = projectDirOf(await resolveEntries(base, layers))
  return traceFileOf(layers, projectDir)?.file ?? join(projectDir, TRACE_NAME)
}

/** Undefined if none is wanted. */
function traceFileOf(
  layers: readonly Layer[],
  projectDir: string,
): { readonly file: string; readonly isNamed: boolean } | undefined {
  const named = pick(layers, 'trace')
  if (!named) return { file: join(projectDir, TRACE_NAME), isNamed: false }
  if (named.value === false) return undefined
  return { file: resolve(named.layer.baseDir, named.value), isNamed: true }
}

async function readTrace(
  { file, isNamed }: { readonly file: string; readonly isNamed: boolean },
  projectDir: string,
): Promise<ProgramTrace | undefined> {
  if (!isNamed && kindOf(file) === undefined) return undefined
  const { readProgramTrace } = await import('./trace-file.ts')
  return readProgramTrace(file, projectDir)
}

/** @param dir of flags, which have no file */
function contractOf(layers: readonly Layer[], dir: string): PlacedContract | undefined {
  const picked = pick(layers, 'contract')
  if (!picked) return undefined
  const { file } = picked.layer.at ?? { file: join(dir, 'package.json') }
  return { contract: resolveContract(picked.value, { file }), file }
}

function withoutLimits({ contract, file }: PlacedContract): PlacedContract {
  return { contract: { ...contract, enforce: false, native: true, workers: true }, file }
}

/** Where the search for configuration starts, known before there is any. */
interface Base {
  readonly flags: Layer
  readonly dir: string
  readonly manifest: Manifest | undefined
  readonly configFile: string | undefined
}

function findBase(options: ConfigFlags, cwd: string): Base {
  const { config, ...values } = withoutUndefined(options)
  const configFile = config === undefined ? undefined : resolve(cwd, config)
  if (configFile !== undefined && kindOf(configFile) !== 'file') {
    throw new BuildError('CONFIG_LOAD', `${configFile} does not exist`, {
      help: 'Check the path after --config.',
    })
  }
  const flags: Layer = { values, baseDir: cwd }
  const asked = namedPaths(values.entry ?? [], flags)
  const start = startDir(asked[0]?.path, configFile, cwd)
  const dir = nearestPackageDir(start) ?? start
  // `ingot build packages/app` is `ingot build` in there: the package's own configuration names the entries.
  if (asked.length === 1 && asked[0]!.path === dir && asked[0]!.name === undefined) delete values.entry
  return { flags, dir, manifest: readManifest(dir), configFile }
}

function startDir(entry: string | undefined, configFile: string | undefined, cwd: string): string {
  if (entry !== undefined) return kindOf(entry) === 'directory' ? entry : dirname(entry)
  return configFile === undefined ? cwd : dirname(configFile)
}

/** Strongest first. */
async function readLayers(base: Base, diagnostics: Diagnostic[]): Promise<Layer[]> {
  const file = base.configFile ?? findConfigFile(base.dir, diagnostics)
  const layers = [
    base.flags,
    file && (await fileLayer(file)),
    base.manifest && (await manifestLayer(base.manifest)),
  ]
  return layers.filter((layer) => typeof layer === 'object')
}

async function fileLayer(file: string): Promise<Layer> {
  const { value, inputs } = await loadConfigFile(file)
  const { checkUserConfig } = await import('./schema.ts')
  return { values: checkUserConfig(value, { file }), baseDir: dirname(file), at: { file }, inputs }
}

async function resolveEntries(base: Base, layers: readonly Layer[]): Promise<readonly EntryPoint[]> {
  const picked = pick(layers, 'entry')
  if (picked === undefined) return packageEntries(base.dir, base.manifest)
  return locateEntries(picked.value, picked.layer)
}

/** More than was looked at in each case, but nothing that changes without a reason. */
function inputsOf({ dir }: Base, { entries }: ResolvedConfig, layers: readonly Layer[]): Inputs {
  const loaded = layers.find((layer) => layer.inputs)?.inputs
  const isNamed = pick(layers, 'entry') !== undefined
  const files = [
    ...[...CONFIG_NAMES, ...(isNamed ? [] : CONVENTIONS)].map((name) => join(dir, name)),
    ...[join(dir, 'x'), ...entries.map(({ file }) => file)].flatMap((file) => above(file, 'package.json')),
    // Each directory on the way may be a link that leads somewhere else tomorrow.
    ...entries.flatMap(({ file }) => [file, ...linksOnTheWay(file)]),
    ...(loaded?.files ?? []),
  ]
  return { variables: {}, listings: [], ...loaded, files: [...new Set(files)] }
}

function unique(layers: readonly Layer[], list: (layer: Layer) => readonly string[] | undefined): string[] {
  return [...new Set(layers.flatMap((layer) => list(layer) ?? []))]
}
