import { Readable, pipeline } from "node:stream";
import { buffer } from "node:stream/consumers";
import { constants, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { fixtureBytes } from "../../test/support/bundle-fixture.ts";
import { createZstdUnpackers } from "./unpack-zstd.ts";

const checked = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

/** A frame that programs pass over, as `zstd:chunked` has at its end. */
function skippable(contents: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a5e, 0);
  head.writeUInt32LE(contents.length, 4);
  return Buffer.concat([head, contents]);
}

function unpack(bytes: Buffer, size: number): Promise<Buffer> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
  const [cut, decompress] = createZstdUnpackers();
  return buffer(pipeline(Readable.from(chunks), cut, decompress, () => undefined));
}

describe("zstd", () => {
  const small = Buffer.from("small");
  // More than the largest block holds, so that a frame has several; where chunks are tiny, as much as is waited for gladly.
  const long = fixtureBytes("one", 300_000);
  const short = long.subarray(0, 5000);

  const wholeOf = (one: Buffer): Buffer => Buffer.concat([one, Buffer.alloc(500_000), small, one]);

  const framesOf = (one: Buffer): Buffer =>
    Buffer.concat([
      skippable(small),
      zstdCompressSync(one),
      zstdCompressSync(Buffer.alloc(500_000), checked),
      zstdCompressSync(Buffer.alloc(0)),
      zstdCompressSync(small, checked),
      skippable(Buffer.alloc(0)),
      zstdCompressSync(one, checked),
      skippable(one),
    ]);

  const frames = framesOf(long);

  it.each([
    [1, short],
    [7, short],
    [1000, long],
    [65_536, long],
    [10_000_000, long],
  ])("unpacks many frames that come in chunks of %i bytes", async (size, one) => {
    expect((await unpack(framesOf(one), size)).equals(wholeOf(one))).toBe(true);
  });

  it.each([
    ["in a frame", frames.subarray(0, 200_000)],
    ["in the last checksum", frames.subarray(0, frames.length - long.length - 8 - 2)],
  ])("that ends %s is an error", async (_, bytes) => {
    await expect(unpack(bytes, 1000)).rejects.toThrow();
  });

  it("followed by what is no frame is an error", async () => {
    const bytes = Buffer.concat([zstdCompressSync(small), Buffer.from("rubbish that is no frame")]);

    await expect(unpack(bytes, 10)).rejects.toThrow();
  });
});
