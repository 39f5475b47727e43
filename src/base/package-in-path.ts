/** The package that a path lies in, by the last node_modules in it: its directory and its name. */
export function packageInPath(
  file: string,
): { readonly directory: string; readonly name: string } | undefined {
  const match = /^.*(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)
  return match ? { directory: match[0], name: match[1]! } : undefined
}
