// Data as YAML, in the block style that people read and edit. Strings that could be taken for something else are quoted.

export type Yaml = string | number | boolean | readonly Yaml[] | { readonly [key: string]: Yaml | undefined }

/** A document; keys without a value are left out. */
export function toYaml(value: Yaml): string {
  return typeof value === 'object' ? block(value, '').join('') : `${scalar(value)}\n`
}

function block(value: Extract<Yaml, object>, indent: string): string[] {
  if (isList(value)) {
    return value.flatMap((item) => {
      if (!isFilled(item)) return `${indent}- ${inline(item)}\n`
      const [first = '', ...rest] = block(item, `${indent}  `)
      return [`${indent}- ${first.slice(indent.length + 2)}`, ...rest]
    })
  }
  return Object.entries(value).flatMap(([key, item]) => {
    if (item === undefined) return []
    const name = `${indent}${scalar(key)}:`
    return isFilled(item) ? [`${name}\n`, ...block(item, `${indent}  `)] : `${name} ${inline(item)}\n`
  })
}

function isList(value: Yaml): value is readonly Yaml[] {
  return Array.isArray(value)
}

function isFilled(value: Yaml): value is Extract<Yaml, object> {
  return typeof value === 'object' && Object.values(value).some((each) => each !== undefined)
}

function inline(value: Yaml): string {
  if (typeof value !== 'object') return scalar(value)
  return isList(value) ? '[]' : '{}'
}

/** Of which no word is a number, a date or a truth value in YAML 1.1 or 1.2. */
const PLAIN = /^(?!(?:true|false|yes|no|on|off|null|y|n)$)[A-Za-z/][\w./-]*$/i

function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value)
  // JSON's strings are YAML's.
  return PLAIN.test(value) ? value : JSON.stringify(value)
}
