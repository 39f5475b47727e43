// Imports of what is no code. Each stays on its own line.

import { parseSync } from 'rolldown/utils'

const ATTRIBUTE_IMPORT =
  /\bimport\s+([\w$]+)\s+from\s*(["'][^"']+["'])\s*with\s*\{\s*["']?type["']?\s*:\s*["'](text|bytes)["']\s*,?\s*\}\s*;?/g

/** node has no `bytes`, and `text` only behind a flag: they become reads, each on its own line. */
export function replaceAttributeImports(code: string): string {
  return code.replace(ATTRIBUTE_IMPORT, (match, name: string, specifier: string, type: string) => {
    const read = `process.getBuiltinModule('node:fs').readFileSync(new URL(${specifier}, import.meta.url)`
    const lines = '\n'.repeat(match.split('\n').length - 1)
    return type === 'text'
      ? `const ${name} = ${read}, 'utf8');${lines}`
      : `const ${name} = new Uint8Array(${read}));${lines}`
  })
}

/** TypeScript imports JSON without an attribute, and names of what is in it; node wants one, and knows no names. */
export function addJsonAttributes(code: string): string {
  if (!code.includes('.json')) return code
  const imports = parseSync('x.js', code).module.staticImports.filter(
    ({ end, moduleRequest }) =>
      moduleRequest.value.endsWith('.json') && !/\bwith\s*\{/.test(code.slice(moduleRequest.end, end)),
  )
  return imports.reduceRight((all, { start, end, moduleRequest, entries }) => {
    const isWhole = (kind: string, name: string | null) => kind !== 'Name' || name === 'default'
    const whole = entries.filter(({ importName }) => isWhole(importName.kind, importName.name))
    const parts = entries.filter(({ importName }) => !isWhole(importName.kind, importName.name))
    const [name = `json_${start}`, ...more] = whole.map(({ localName }) => localName.value)
    const from = code.slice(moduleRequest.start, moduleRequest.end)
    const names = parts.map(
      ({ importName, localName }) => `${JSON.stringify(importName.name)}: ${localName.value}`,
    )
    const rest = [
      ...more.map((other) => ` const ${other} = ${name};`),
      ...(names.length > 0 ? [` const { ${names.join(', ')} } = ${name};`] : []),
    ]
    const lines = '\n'.repeat(code.slice(start, end).split('\n').length - 1)
    return `${all.slice(0, start)}import ${name} from ${from} with { type: 'json' };${rest.join('')}${lines}${all.slice(end)}`
  }, code)
}
