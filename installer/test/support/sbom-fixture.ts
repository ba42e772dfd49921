import { formatTarEnd, formatTarHeader, tarPadding } from "../../src/bundle/tar/tar-header.ts";

/** The section `.go.buildinfo` as Go ≥ 1.18 writes it, made by hand: its mark, 32 bytes of head, two strings. */
export function goBuildInfo(version: string, modules: readonly string[]): Buffer {
  const head = Buffer.alloc(32);
  head.write("\xff Go buildinf:", "latin1");
  head.set([8, 2], 14);
  const mark = Buffer.alloc(16, 0x77);
  const text = Buffer.concat([mark, Buffer.from(`${modules.join("\n")}\n`), mark]);
  return Buffer.concat([head, goString(Buffer.from(version)), goString(text)]);
}

function goString(bytes: Buffer): Buffer {
  const length: number[] = [];
  for (let left = bytes.length; ; left = Math.floor(left / 128)) {
    length.push(left < 128 ? left : (left % 128) | 0x80);
    if (left < 128) return Buffer.concat([Buffer.from(length), bytes]);
  }
}

/** A program by its first bytes, with build information or without. */
export function elf(contents: Buffer = Buffer.alloc(64)): Buffer {
  return Buffer.concat([Buffer.from("7f454c46", "hex"), Buffer.alloc(60), contents]);
}

/** A layer as a plain tar. */
export function layerOf(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const parts = Object.entries(files).map(([name, contents]) => {
    const bytes = Buffer.from(contents);
    return Buffer.concat([
      formatTarHeader({ name, size: bytes.length }),
      bytes,
      Buffer.alloc(tarPadding(bytes.length)),
    ]);
  });
  return Buffer.concat([...parts, formatTarEnd()]);
}
