// What is known of a file that is embedded under its own path.

import { statSync } from 'node:fs'

import { platformOf } from '../base/targets.ts'
import type { KeptFile } from './graph.ts'
import { codeOf, type CodeInputs } from './module-code.ts'
import { nativeKind } from './packages.ts'
import type { TracedModule } from './traced-program.ts'

/** @param plain what plainCodeOf says of it */
export async function keptModule(
  inputs: CodeInputs,
  module: TracedModule,
  plain: string | undefined,
): Promise<KeptFile> {
  const { file, format, scan } = module
  const code = await codeOf(inputs, module, plain)
  return {
    path: inputs.virtualPath(file),
    file,
    format,
    ...(code !== scan.text && { code }),
    ...modeOf(file),
  }
}

export function keptAssets(files: readonly string[], inputs: CodeInputs): KeptFile[] {
  return files.flatMap((file) => keptAsset(file, inputs) ?? [])
}

function keptAsset(
  file: string,
  { memory, virtualPath, config }: Pick<CodeInputs, 'memory' | 'virtualPath' | 'config'>,
): KeptFile | undefined {
  const platform = platformOf(config.target)
  const kind = nativeKind(memory.head(file), platform)
  // Binaries for other machines come along in packages; nothing here could load them.
  if (kind === 'foreign' && file.includes('/node_modules/')) return undefined
  const content = kind === 'usable' ? memory.carriedAddon(file, platform) : undefined
  return {
    path: virtualPath(file),
    file,
    ...modeOf(file),
    ...(kind === 'usable' && { mapped: true }),
    ...(content && { content }),
  }
}

function modeOf(file: string): { executable?: true } {
  return statSync(file).mode & 0o111 ? { executable: true } : {}
}

/** Some of its code is not what its author wrote, and says what was. */
export function hasSourceMap({ code }: KeptFile): boolean {
  return code !== undefined && code.includes('//# sourceMappingURL=data:')
}
