import { describe, expect, it } from "vitest";
import { indexArchive } from "./index-archive.ts";

/** A block of a tar: a file, or a link of this type. */
function entry(name: string, { type = "0", target = "" }: { readonly type?: string; readonly target?: string } = {}) {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write("00000000000\0", 124);
  block.write(type, 156);
  block.write(target, 157);
  block.write("ustar\u000000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 8 * 0x20);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

const symlink = (target: string) => ({ type: "2", target });
const hardlink = (target: string) => ({ type: "1", target });

async function pathsOf(...blocks: readonly Buffer[]): Promise<readonly string[]> {
  const bytes = Buffer.concat([...blocks, Buffer.alloc(1024)]);
  const read = (start: number, length: number) => Promise.resolve(bytes.subarray(start, start + length));
  return [...(await indexArchive({ path: "a.tar", size: bytes.length, read })).keys()].toSorted();
}

describe("links in an archive", () => {
  it("count for the file that they name, also by another link, before or behind it", async () => {
    const found = await pathsOf(
      entry("c/layer.tar", symlink("../b/layer.tar")),
      entry("b/layer.tar", symlink("../a/layer.tar")),
      entry("a/layer.tar"),
      entry("d/layer.tar", hardlink("c/layer.tar")),
    );

    expect(found).toEqual(["a/layer.tar", "b/layer.tar", "c/layer.tar", "d/layer.tar"]);
  });

  it("that lead to themselves, out of the archive or nowhere are none", async () => {
    const found = await pathsOf(
      entry("a", symlink("b")),
      entry("b", symlink("a")),
      entry("passwd", symlink("/etc/passwd")),
      entry("up", symlink("../../../etc/passwd")),
      entry("gone", hardlink("nowhere")),
    );

    expect(found).toEqual([]);
  });
});
