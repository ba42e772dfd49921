const programHeaderSize = 56;

/**
 * An ELF executable without what is not loaded when it runs: symbols, debug information and the section table, which stand
 * behind the last segment. The same for every processor and on every machine, where `strip` is not (System V ABI, chapters 4
 * and 5).
 * @throws {Error} when the bytes are no 64-bit little-endian ELF file
 */
export function stripElf(bytes: Buffer): Buffer {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46 || bytes.readUInt16BE(4) !== 0x0201) {
    throw new Error("not a 64-bit little-endian ELF file");
  }
  const table = Number(bytes.readBigUInt64LE(0x20));
  const count = bytes.readUInt16LE(0x38);
  let end = table + count * programHeaderSize;
  for (let index = 0; index < count; index += 1) {
    const header = table + index * programHeaderSize;
    end = Math.max(end, Number(bytes.readBigUInt64LE(header + 8)) + Number(bytes.readBigUInt64LE(header + 32)));
  }
  const stripped = Buffer.from(bytes.subarray(0, end));
  // Place, count and name table of the sections.
  stripped.writeBigUInt64LE(0n, 0x28);
  stripped.writeUInt16LE(0, 0x3c);
  stripped.writeUInt16LE(0, 0x3e);
  return stripped;
}
