// The public API.

export { build, buildTargets } from './build.ts'
export { image } from './container-image.ts'
export type { ImageOptions, ImageResult } from './base/image-result.ts'
export { defineConfig } from './config/define-config.ts'
export { BuildError } from './base/diagnostics.ts'
export type { Diagnostic, Place } from './base/diagnostics.ts'
export type { BuildOptions, BuildResult, StageEvent } from './base/build-result.ts'
export type { UserConfig, UserContract } from './config/config.ts'
