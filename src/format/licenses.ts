/** In the archive of libraries: the licence texts of node and of them, by name, as JSON, compressed with brotli. */
export const LICENSES = 'licenses'
