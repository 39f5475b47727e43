// `ingot report`: an executable as a page for people.

import { bundleReport } from './bundle-report.ts'
import { noticesOf } from './inspect.ts'
import { readEntries, readExecutable, readRegions } from './inspect/read-executable.ts'
import { writeText } from './output/write-text.ts'
import { describe } from './report/describe.ts'
import { renderPage } from './report/html.ts'

/** Writes the page, HTML. @throws BuildError OUTPUT_…, and as readExecutable */
export async function writeReport(file: string, out: string): Promise<void> {
  writeText(out, await reportOn(file), 'report')
}

async function reportOn(file: string): Promise<string> {
  const inspection = readExecutable(file)
  const inspected = {
    inspection,
    entries: readEntries(file),
    regions: readRegions(file),
    notices: noticesOf(file, inspection),
  }
  return renderPage(describe(inspected), await bundleReport())
}
