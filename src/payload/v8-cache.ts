// The header of V8's code cache (src/snapshot/code-serializer.h, SerializedCodeData): u32 magic,
// version hash, source hash, flag hash, payload length, checksum.

export const FLAG_HASH_OFFSET = 12
export const FLAG_HASH_SIZE = 4
