/** Which package a file is in, or none: the one with the longest directory, as packages lie in packages. */
export function ownerFinder<Package extends { readonly path: string }>(
  packages: readonly Package[],
): (file: string) => Package | undefined {
  const known = new Map(packages.map((each) => [each.path, each]))
  return (file) => {
    for (let end = file.length; end > 0; end = file.lastIndexOf('/', end - 1)) {
      const found = known.get(file.slice(0, end))
      if (found) return found
    }
    return undefined
  }
}
