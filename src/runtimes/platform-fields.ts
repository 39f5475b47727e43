// What a package runs on, as npm's package.json says it: each a list or one value, and absent if it is all of them.

const FIELDS = ['os', 'cpu', 'libc'] as const

export type PlatformFields = Readonly<Partial<Record<(typeof FIELDS)[number], unknown>>>

export function platformFields(
  json: PlatformFields,
): Partial<Record<(typeof FIELDS)[number], readonly string[]>> {
  const stated = FIELDS.map((name) => [name, [json[name] ?? []].flat() as string[]] as const)
  return Object.fromEntries(stated.filter(([, list]) => list.length > 0))
}
