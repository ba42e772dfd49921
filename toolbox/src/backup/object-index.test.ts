import { appendFile, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  compareKeys,
  indexFilesOf,
  lookUpInOrder,
  mergeEntries,
  type ObjectEntry,
  openIndex,
  readEntries,
  readKnown,
} from "./object-index.ts";

function entry(key: string, etag = "e"): ObjectEntry {
  return { key, etag, size: 1, modified: "m", file: "f", sha256: "s", md5: "d", headers: {} };
}

function given(entries: readonly ObjectEntry[]): AsyncIterable<ObjectEntry> {
  return Readable.from(entries);
}

async function keysOf(entries: AsyncIterable<ObjectEntry>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { key, etag } of entries) found.push(`${key}=${etag}`);
  return found;
}

it("orders keys as a store lists them, by the bytes of UTF-8", () => {
  const keys = ["\u{1f600}", "\uffee", "a/b", "a-b", "é", "a"];

  expect(keys.toSorted(compareKeys)).toEqual(["a", "a-b", "a/b", "é", "\uffee", "\u{1f600}"]);
});

it("merges two lists, the second one's lines over the first one's", async () => {
  const merged = mergeEntries(given([entry("a"), entry("c"), entry("z")]), given([entry("b", "n"), entry("c", "n")]));

  expect(await keysOf(merged)).toEqual(["a=e", "b=n", "c=n", "z=e"]);
});

it("looks keys up that come in order", async () => {
  const find = lookUpInOrder(given([entry("b"), entry("d"), entry("e")]));
  const found: (string | undefined)[] = [];

  for (const key of ["a", "b", "c", "e", "f"]) found.push((await find(key))?.key);

  expect(found).toEqual([undefined, "b", undefined, "e", undefined]);
});

describe("what interrupted copies have found out", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "object-index-"));
    await mkdir(join(folder, "objects"));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it("is known to the next ones, however often they are interrupted, until the index is finished", async () => {
    const files = indexFilesOf(folder, "b");
    const write = async (entries: readonly ObjectEntry[], finish: boolean): Promise<void> => {
      const index = await openIndex(files);
      for (const one of entries) await index.add(one);
      if (finish) await index.finish();
      await index.close();
    };
    await write([entry("a"), entry("b"), entry("c")], true);
    await write([entry("a", "n"), entry("aa", "n")], false);
    await appendFile(files.next, `{"key":"torn`);

    expect(await keysOf(await readKnown(files))).toEqual(["a=n", "aa=n", "b=e", "c=e"]);
    await write([entry("a", "o")], false);
    expect(await keysOf(await readKnown(files))).toEqual(["a=o", "aa=n", "b=e", "c=e"]);
    expect(await keysOf(await readKnown(files))).toEqual(["a=o", "aa=n", "b=e", "c=e"]);
    await write([entry("a", "o")], true);
    expect(await keysOf(readEntries(files.index))).toEqual(["a=o"]);
    expect(await readdir(join(folder, "objects"))).toEqual(["b.jsonl"]);
  });
});
