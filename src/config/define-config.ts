import type { UserConfig } from './config.ts'

/** Gives an ingot.config.ts its types: `export default defineConfig({ entry: 'src/main.ts' })`. */
export function defineConfig(config: UserConfig): UserConfig {
  return config
}
