// How the bootstrap starts, in the main thread and in workers: as an asset of the executable with V8's code
// cache as another. The base is made with these names, and the bootstrap starts workers with them.

/** The bootstrap's own source. */
export const BOOTSTRAP_ASSET = 'bootstrap'
/** V8's code cache for it, as the function that `bootScript` compiles. */
export const BOOTSTRAP_CACHE_ASSET = 'bootstrap-cache'
/** What it is called in stack traces. */
export const BOOTSTRAP_FILE = 'ingot-bootstrap.js'
export const BOOTSTRAP_PARAMETERS = ['require', 'ingotWorker']
/** Not written when a worker is started: the program may have changed JSON by then. */
const PARAMETERS = JSON.stringify(BOOTSTRAP_PARAMETERS)

/**
 * A script that runs the bootstrap. Small, as node looks at a worker's more than once; by way of the
 * bindings, because node:sea and node:vm take longer to load than this to run.
 *
 * @param job source of what a worker is to do
 */
export function bootScript(job: string): string {
  return `{
    const { emitWarning } = process
    process.emitWarning = () => {} // the first of these modules warns that it is for tests
    const { internalBinding } = require('internal/test/binding')
    process.emitWarning = emitWarning
    const asset = (name) => Buffer.from(internalBinding('sea').getAsset(name))
    internalBinding('contextify').compileFunction(
      asset('${BOOTSTRAP_ASSET}').toString(), '${BOOTSTRAP_FILE}', 0, 0, asset('${BOOTSTRAP_CACHE_ASSET}'), false,
      undefined, undefined, ${PARAMETERS},
      internalBinding('symbols').vm_dynamic_import_default_internal,
    ).function(require, ${job})
  }`
}
