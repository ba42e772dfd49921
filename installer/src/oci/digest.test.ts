import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "vitest";
import { checkContent, digestOf, hexOf, isDigest, verifyContent } from "./digest.ts";

const empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

describe("isDigest", () => {
  it("takes SHA-256 in small letters and nothing else", () => {
    expect(isDigest(empty)).toBe(true);
    for (const text of [
      "",
      empty.slice(0, -1),
      `${empty}0`,
      empty.toUpperCase(),
      `${empty}\n`,
      ` ${empty}`,
      `sha512:${"a".repeat(128)}`,
      `sha256:${"../".repeat(21)}a`,
    ]) {
      expect(isDigest(text)).toBe(false);
    }
  });
});

describe("digestOf", () => {
  it("is the SHA-256 of the bytes", () => {
    expect(digestOf("")).toBe(empty);
    expect(digestOf(new Uint8Array())).toBe(empty);
    expect(hexOf(digestOf("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});

describe("verifyContent", () => {
  const text = "some content";
  const expected = { digest: digestOf(text), size: text.length };
  const toError = (problem: string): Error => new Error(`the blob ${problem}`);
  const check = async (chunks: readonly string[]): Promise<Buffer> => {
    const verifier = verifyContent(expected, toError);
    const [bytes] = await Promise.all([
      buffer(verifier),
      pipeline(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), verifier, { end: true }),
    ]);
    return bytes;
  };

  it("passes the content on", async () => {
    expect((await check(["some ", "con", "tent"])).toString()).toBe(text);
  });

  it("passes empty content on", async () => {
    const verifier = verifyContent({ digest: empty, size: 0 }, toError);
    verifier.end();

    expect((await buffer(verifier)).length).toBe(0);
  });

  it.each([
    ["fewer bytes", ["some con"], "the blob ends after 8 of 12 bytes"],
    ["no bytes", [], "the blob ends after 0 of 12 bytes"],
    ["more bytes", ["some content", "!"], "the blob is longer than the 12 bytes it should have"],
    ["a changed byte", ["some c0ntent"], `the blob has the digest ${digestOf("some c0ntent")}`],
  ])("fails on %s", async (_what, chunks, message) => {
    await expect(check(chunks)).rejects.toThrow(message);
  });

  it.each([
    ["fewer bytes", "some con", "the blob ends after 8 of 12 bytes"],
    ["more bytes", "some content!", "the blob is longer than the 12 bytes it should have"],
    ["a changed byte", "some c0ntent", `the blob has the digest ${digestOf("some c0ntent")}`],
  ])("says the same of %s in memory", (_what, found, message) => {
    expect(() => checkContent(expected, Buffer.from(found), toError)).toThrow(message);
    expect(checkContent(expected, Buffer.from(text), toError).toString()).toBe(text);
  });

  it("stops at the first byte too many, not at the end", async () => {
    let produced = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        produced += 1;
        await Promise.resolve();
        yield Buffer.alloc(64 * 1024);
      }
    }
    const verifier = verifyContent(expected, toError);
    verifier.resume();

    await expect(pipeline(Readable.from(endless()), verifier)).rejects.toThrow("is longer than");

    expect(produced).toBeLessThan(64);
  });
});
