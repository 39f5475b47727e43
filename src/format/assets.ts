// Names of the blob's assets that worker threads start from, and how these are compiled: the base is made
// with them, the bootstrap asks for them.

/** The bootstrap's own source. */
export const BOOTSTRAP_ASSET = 'bootstrap'
/** V8's code cache for it, as a function of `WORKER_PARAMETERS`. */
export const WORKER_CACHE_ASSET = 'bootstrap-cache'
export const WORKER_PARAMETERS = ['require', 'ingotWorker']
