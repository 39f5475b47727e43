// Changes a file that is there: a copy beside it is changed, and then takes its name. Whoever runs or reads the file has
// either the old one or the new one, whole.

import { constants } from 'node:fs'
import { chmod, chown, copyFile, rename, rm, stat } from 'node:fs/promises'

import { outputError, temporaryFor } from './executable.ts'

/**
 * @param file no link: that would be replaced by what it leads to
 * @throws BuildError OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL
 */
export async function replaceFile(file: string, change: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryFor(file)
  try {
    const { uid, gid, mode } = await stat(file)
    await copyFile(file, temporary, constants.COPYFILE_FICLONE)
    await chmod(temporary, 0o600)
    await change(temporary)
    const copy = await stat(temporary)
    if (copy.uid !== uid || copy.gid !== gid) await chown(temporary, uid, gid)
    await chmod(temporary, mode & 0o7777)
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw outputError(error, file)
  }
}
