import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { readTarStream } from "./read-tar-stream.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "./tar-header.ts";

function archive(files: Readonly<Record<string, Buffer>>): Buffer {
  const parts = Object.entries(files).flatMap(([name, data]) => [
    formatTarHeader({ name, size: data.length }),
    data,
    Buffer.alloc(tarPadding(data.length)),
  ]);
  return Buffer.concat([...parts, formatTarEnd()]);
}

/** The bytes in pieces of this size, as a network might bring them. */
function inPieces(bytes: Buffer, size: number): Readable {
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
  return Readable.from(pieces);
}

const files = {
  first: Buffer.from("one"),
  empty: Buffer.alloc(0),
  large: Buffer.alloc(100_000, 7),
  last: Buffer.from("end"),
};

async function readAll(stream: Readable): Promise<Readonly<Record<string, Buffer>>> {
  const found: Record<string, Buffer> = {};
  await readTarStream(stream, "the archive", async (entry, bytes) => {
    found[entry.name] = await buffer(bytes);
  });
  return found;
}

describe("readTarStream", () => {
  it.each([7, 512, 65_536, 1_000_000])("reads every entry when bytes come in pieces of %d", async (size) => {
    const found = await readAll(inPieces(archive(files), size));

    expect(found).toEqual(files);
  });

  it("passes over entries that nobody reads, wholly or in part", async () => {
    const seen: string[] = [];

    await readTarStream(inPieces(archive(files), 1000), "the archive", async (entry, bytes) => {
      seen.push(entry.name);
      if (entry.name === "large") await bytes[Symbol.asyncIterator]().next();
    });

    expect(seen).toEqual(Object.keys(files));
  });

  it("asks for no more than a little ahead of the reader", async () => {
    let produced = 0;
    const bytes = archive({ large: Buffer.alloc(8 * 1024 * 1024) });
    const source = Readable.from(
      (function* () {
        for (let at = 0; at < bytes.length; at += 65_536) {
          produced += 65_536;
          yield bytes.subarray(at, at + 65_536);
        }
      })(),
      { objectMode: false },
    );

    await readTarStream(source, "the archive", async (_entry, entryBytes) => {
      await new Promise((resolve) => entryBytes.once("readable", resolve));
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));

      expect(produced).toBeLessThan(1024 * 1024);
    });
  });

  it("says so when the archive ends in the middle of an entry, to whoever reads it too", async () => {
    const cut = archive(files).subarray(0, 5000);

    await expect(readAll(inPieces(cut, 700))).rejects.toThrow("the archive is cut short");
    await expect(readTarStream(inPieces(cut, 700), "the archive", () => undefined)).rejects.toThrow(/cut short/);
  });

  it("says so when the archive has no end", async () => {
    const whole = archive(files);

    await expect(readAll(inPieces(whole.subarray(0, -1024), 700))).rejects.toThrow(/cut short/);
  });

  it("refuses bytes after the end", async () => {
    const more = Buffer.concat([archive(files), Buffer.from("more")]);

    await expect(readAll(inPieces(more, 700))).rejects.toThrow("something after its end");
  });

  it("accepts padding after the end", async () => {
    const padded = Buffer.concat([archive(files), Buffer.alloc(10_240)]);

    await expect(readAll(inPieces(padded, 700))).resolves.toEqual(files);
  });

  it("stops and closes the source when the reader fails", async () => {
    const source = inPieces(archive(files), 700);

    await expect(
      readTarStream(source, "the archive", () => {
        throw new Error("the disk is full");
      }),
    ).rejects.toThrow("the disk is full");
    expect(source.destroyed).toBe(true);
  });
});
