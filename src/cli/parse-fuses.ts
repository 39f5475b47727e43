import { BuildError } from '../base/diagnostics.ts'
import { nearest } from '../base/nearest.ts'
import { FUSE_NAMES, type Fuse, type FuseSettings } from '../format/fuses.ts'

/** @param words `name=on` and `name=off` */
export function parseFuses(words: readonly string[]): Partial<FuseSettings> {
  return Object.fromEntries(
    words.map((word) => {
      const [name = '', state, ...rest] = word.split('=')
      if (!FUSE_NAMES.includes(name as Fuse)) throw unknownFuse(name)
      if ((state !== 'on' && state !== 'off') || rest.length > 0) {
        throw new BuildError('CLI_OPTION_VALUE', `the fuse ${name} is to be on or off`, {
          help: `Write ${name}=on or ${name}=off.`,
        })
      }
      return [name, state === 'on']
    }),
  )
}

function unknownFuse(name: string): BuildError {
  const meant = nearest(name, FUSE_NAMES)
  return new BuildError('CLI_UNKNOWN_FUSE', `there is no fuse "${name}"`, {
    help: meant === undefined ? `Use one of ${FUSE_NAMES.join(', ')}.` : `Did you mean ${meant}?`,
  })
}
