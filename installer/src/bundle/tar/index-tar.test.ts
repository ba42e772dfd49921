import { expect, test } from "vitest";
import { indexTar } from "./index-tar.ts";
import { formatTarEnd, formatTarHeader, tarBlock } from "./tar-header.ts";

/** A file of which only some bytes are not zero. */
function sparseFile(size: number, pieces: readonly (readonly [number, Buffer])[]) {
  let read = 0;
  let reads = 0;
  return {
    path: "a.tar",
    size,
    bytesRead: () => read,
    reads: () => reads,
    read: (start: number, length: number): Promise<Buffer> => {
      reads += 1;
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - start)));
      read += bytes.length;
      for (const [at, piece] of pieces) {
        const from = Math.max(at, start);
        const to = Math.min(at + piece.length, start + bytes.length);
        if (from < to) piece.copy(bytes, from - start, from - at, to - at);
      }
      return Promise.resolve(bytes);
    },
  };
}

test("finds entries of many gibibytes, and what follows them, without reading them", async () => {
  const large = 9 * 1024 ** 3;
  const first = formatTarHeader({ name: "blobs/large", size: large });
  const second = formatTarHeader({ name: "blobs/small", size: 5 });
  const file = sparseFile(first.length + large + second.length + tarBlock + formatTarEnd().length, [
    [0, first],
    [first.length + large, second],
  ]);

  expect(await indexTar(file)).toEqual([
    { path: "blobs/large", offset: first.length, size: large },
    { path: "blobs/small", offset: first.length + large + second.length, size: 5 },
  ]);
  expect(file.bytesRead()).toBeLessThan(8192);
});

test("finds small entries that lie side by side with few reads", async () => {
  const files = Array.from({ length: 40 }, (_, index) => formatTarHeader({ name: `files/${index}`, size: 0 }));
  const bytes = Buffer.concat([...files, formatTarEnd()]);
  const file = sparseFile(bytes.length, [[0, bytes]]);

  expect(await indexTar(file)).toHaveLength(40);
  expect(file.reads()).toBeLessThan(10);
});

test("gives up when there are more entries than allowed", async () => {
  const headers = Array.from({ length: 4 }, (_, index) => formatTarHeader({ name: `files/${index}`, size: 0 }));
  const bytes = Buffer.concat([...headers, formatTarEnd()]);

  expect(await indexTar(sparseFile(bytes.length, [[0, bytes]]), 4)).toHaveLength(4);
  await expect(indexTar(sparseFile(bytes.length, [[0, bytes]]), 3)).rejects.toThrow("more than 3 entries");
});

test.each([
  ["a time", 136, "00000000001"],
  ["an owner", 108, "0000001"],
  ["a mode", 100, "0000777"],
  ["a user name", 265, "root"],
])("refuses a header with %s in it, which is not as Slipway writes it", async (_, at, text) => {
  const header = formatTarHeader({ name: "files/a", size: 0 });
  header.write(text, at, "latin1");
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  const bytes = Buffer.concat([header, formatTarEnd()]);

  await expect(indexTar(sparseFile(bytes.length, [[0, bytes]]))).rejects.toThrow("is not as Slipway writes it");
});

test("says where in the file it is", async () => {
  const header = formatTarHeader({ name: "files/a", size: 10 });
  const bytes = Buffer.concat([header, Buffer.alloc(tarBlock), Buffer.alloc(tarBlock, "x"), formatTarEnd()]);

  await expect(indexTar(sparseFile(bytes.length, [[0, bytes]]))).rejects.toMatchObject({
    code: "BUNDLE_INVALID",
    offset: 1024,
    message: expect.stringContaining("(at byte 1024)") as string,
  });
});
