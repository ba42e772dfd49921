/** The few ASN.1 forms (DER, X.690) that a certificate is made of. */

const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
} as const;

export function sequence(...items: readonly Buffer[]): Buffer {
  return tagged(tags.sequence, Buffer.concat(items));
}

export function setOf(...items: readonly Buffer[]): Buffer {
  return tagged(tags.set, Buffer.concat(items));
}

/** A non-negative integer; a leading zero keeps a high first bit from meaning a minus sign. */
export function integer(bytes: Uint8Array): Buffer {
  const trimmed = Buffer.from(bytes).subarray(
    Math.max(
      0,
      Math.min(
        bytes.findIndex((byte) => byte !== 0),
        bytes.length - 1,
      ),
    ),
  );
  const value = ((trimmed[0] ?? 0) & 0x80) === 0 ? trimmed : Buffer.concat([Buffer.alloc(1), trimmed]);
  return tagged(tags.integer, value);
}

export function bitString(bytes: Buffer, unusedBits = 0): Buffer {
  return tagged(tags.bitString, Buffer.concat([Buffer.from([unusedBits]), bytes]));
}

export function octetString(bytes: Buffer): Buffer {
  return tagged(tags.octetString, bytes);
}

export function utf8String(value: string): Buffer {
  return tagged(tags.utf8, Buffer.from(value, "utf8"));
}

export const booleanTrue: Buffer = Buffer.from([0x01, 0x01, 0xff]);

/** An object identifier in dots. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tagged(tags.objectId, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** RFC 5280 §4.1.2.5: UTCTime up to 2049, GeneralizedTime after it. */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]/g, "").slice(0, 14);
  return date.getUTCFullYear() < 2050
    ? tagged(0x17, Buffer.from(`${digits.slice(2)}Z`))
    : tagged(0x18, Buffer.from(`${digits}Z`));
}

/** A context-specific tag around complete items. */
export function explicit(number: number, ...items: readonly Buffer[]): Buffer {
  return tagged(0xa0 | number, Buffer.concat(items));
}

/** A context-specific tag in place of a primitive's own. */
export function implicit(number: number, bytes: Buffer): Buffer {
  return tagged(0x80 | number, bytes);
}

function tagged(tag: number, contents: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(contents.length)]), contents]);
}

function lengthBytes(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const bytes = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

function base128(value: number): readonly number[] {
  const groups = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) groups.unshift((rest & 0x7f) | 0x80);
  return groups;
}
