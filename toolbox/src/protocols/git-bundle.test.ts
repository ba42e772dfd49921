import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { buildGitBundle } from "./git-bundle.ts";

const content = {
  branch: "main",
  fileName: "proof",
  content: Buffer.from("hello\n"),
  message: "Prove the wire",
  unixSeconds: 1_700_000_000,
};

describe("buildGitBundle", () => {
  it("names blob and tree as git does", () => {
    const bundle = buildGitBundle(content);

    // `printf 'hello\n' | git hash-object --stdin`
    expect(bundle.blob).toBe("ce013625030ba8dba906f756967f9e9ca394464a");
    expect(bundle.tree).toMatch(/^[0-9a-f]{40}$/);
  });

  it("begins with the branch and ends with the pack's own checksum", () => {
    const { bytes, commit } = buildGitBundle(content);

    const header = `# v2 git bundle\n${commit} refs/heads/main\n\n`;
    const pack = bytes.subarray(header.length);
    expect(bytes.subarray(0, header.length).toString()).toBe(header);
    expect(pack.subarray(0, 12)).toEqual(Buffer.from("PACK\0\0\0\x02\0\0\0\x03", "latin1"));
    expect(createHash("sha1").update(pack.subarray(0, -20)).digest()).toEqual(pack.subarray(-20));
  });

  it("writes sizes over several bytes", () => {
    const large = { ...content, content: Buffer.alloc(5000, "x") };
    const { bytes, commit } = buildGitBundle(large);

    // the blob is the last object; its header of type 3 and size 5000 stands before its zlib stream
    const header = Buffer.of(0x80 | (3 << 4) | (5000 & 0x0f), 0x80 | ((5000 >> 4) & 0x7f), 5000 >> 11);
    const at = bytes.lastIndexOf(header);
    expect(at).toBeGreaterThan(commit.length);
    expect(inflateSync(bytes.subarray(at + 3, -20))).toEqual(large.content);
  });
});
