// What a program may do under the hardened runtime, in the two forms in which a signature holds it: a property list,
// and, since macOS 12, DER.

/** Without these V8 cannot compile, and addons that somebody else has signed, or nobody, are not loaded. */
export const NEEDED_ENTITLEMENTS = [
  'com.apple.security.cs.allow-jit',
  'com.apple.security.cs.allow-unsigned-executable-memory',
  'com.apple.security.cs.disable-library-validation',
] as const

export function entitlementsXml(names: readonly string[]): Buffer {
  const lines = names.toSorted().flatMap((name) => [`\t<key>${name}</key>`, '\t<true/>'])
  return Buffer.from(propertyList(lines))
}

/** Those of a property list that are granted. */
export function grantedIn(xml: string): string[] {
  return [...xml.matchAll(/<key>([^<]*)<\/key>\s*<true\/>/g)].map(([, name]) => name!)
}

/** A property list with a dictionary of these lines. */
export function propertyList(lines: readonly string[]): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    '<dict>',
    ...lines,
    '</dict>',
    '</plist>',
    '',
  ].join('\n')
}

/** ASN.1 tags (X.690): APPLICATION 16 and context 16, both constructed, are Apple's. */
const ROOT = 0x70
const DICTIONARY = 0xb0
const SEQUENCE = 0x30
const INTEGER = 0x02
const BOOLEAN = 0x01
const UTF8_STRING = 0x0c

export function entitlementsDer(names: readonly string[]): Buffer {
  const pairs = names
    .toSorted()
    .map((name) => tagged(SEQUENCE, tagged(UTF8_STRING, Buffer.from(name)), tagged(BOOLEAN, Buffer.of(0xff))))
  return tagged(ROOT, tagged(INTEGER, Buffer.of(1)), tagged(DICTIONARY, ...pairs))
}

function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}
