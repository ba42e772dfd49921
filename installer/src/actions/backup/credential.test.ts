import { describe, expect, it } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { readCredential } from "./credential.ts";

const read = (text: string) => readCredential("/prune.yaml", createMemoryFileSystem({ "/prune.yaml": text }));

describe("a file with a credential", () => {
  it("is YAML or JSON with the keys of the values", async () => {
    expect(await read("url: https://b.corp:8001/x\nuser: pruner\npassword: 'a: b'\n")).toBe(
      '{"url":"https://b.corp:8001/x","user":"pruner","password":"a: b"}',
    );
    expect(await read('{"accessKey":"k","secretKey":"s"}')).toBe('{"accessKey":"k","secretKey":"s"}');
  });

  it.each([
    ["says something else", "pasword: hush", 'unknown key "pasword"'],
    ["says nothing", "", "there is no credential in /prune.yaml"],
    ["has a number for a password", "password: 1234567", "password in /prune.yaml is no text"],
    ["has an empty password", "password: ''", "password in /prune.yaml is no text"],
    ["is no map", "hush", "does not hold keys and values"],
  ])("that %s is refused, and its secret not shown", async (_, text, words) => {
    const refused = (await read(text).catch((error: unknown) => error)) as Error & { details?: readonly string[] };

    const shown = [refused.message, ...(refused.details ?? [])].join("\n");
    expect(shown).toContain(words);
    expect(shown).not.toMatch(/hush|1234567/);
  });

  it("that is not there is named", async () => {
    await expect(readCredential("/none", createMemoryFileSystem({}))).rejects.toThrow("there is no file /none");
  });
});
