// Wycheproof's vectors: 160 files of JSON, which Debian has in the source package of Android's BoringSSL.

import { filesOfDebianSource } from './debian-source.ts'

const SOURCE = {
  package: 'android-platform-external-boringssl',
  file: 'android-platform-external-boringssl_13.0.0+r24.orig.tar.xz',
  sha256: '583b7aeee1fca68b8244d086cea6fca23bd19d517bd63f0b9de714e048f92a7d',
}

/** A directory with nothing but the vectors. */
export function wycheproofVectors(): Promise<string> {
  return filesOfDebianSource(SOURCE, ['--strip-components=4', '*/wycheproof_testvectors/*.json'])
}
