import type { ImageResult } from '../base/image-result.ts'
import { displayPath, formatSize } from './render.ts'

export function renderImage({ names, digest, platforms, output, pushed }: ImageResult, cwd: string): string {
  const lines = [...names.map((name) => ['image', name]), ['digest', digest]]
  for (const { platform, start, layers, sbom } of platforms) {
    lines.push(['platform', `${platform}, starts ${start}`])
    for (const { comment, size } of layers)
      lines.push(['layer', `${formatSize(size).padStart(8)}  ${comment}`])
    if (sbom !== undefined) lines.push(['sbom', sbom])
  }
  for (const { registry, repository, tags, uploaded, known } of pushed) {
    const sent = `${formatSize(uploaded)} sent, ${formatSize(known)} were there`
    lines.push(['pushed', `${registry}/${repository}:${tags.join(', ')}  ${sent}`])
  }
  if (output !== undefined) lines.push(['written', displayPath(output, cwd)])
  return lines.map(([name, value]) => `${name!.padEnd(9)} ${value}\n`).join('')
}
