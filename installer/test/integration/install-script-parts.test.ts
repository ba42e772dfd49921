import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mustRun } from "../support/child.ts";
import {
  executable,
  folder,
  install,
  expectRefusal,
  makeBundle,
  sha256,
  inFreshFolder,
} from "./install-script-world.ts";

inFreshFolder();

describe("a split bundle", () => {
  it("is read from its parts, in several folders, by its header or by a part", async () => {
    const { bundle, key } = await makeBundle();
    const { header, parts } = await split(bundle);
    await mkdir(join(folder, "usb two"));
    await mustRun("mv", [parts[1] ?? "", join(folder, "usb two")]);

    const byHeader = await install([header, "--key", key, "--to", "bin", "--parts", join(folder, "usb two")]);
    const byPart = await install([parts[0] ?? "", "--key", key, "--to", "bin2", "--parts", join(folder, "usb two")]);

    expect(byHeader.stderr).toBe("");
    expect(byHeader.exitCode).toBe(0);
    expect(byPart.exitCode).toBe(0);
    expect(await readFile(join(folder, "bin2/slipway"), "utf8")).toBe(executable);
  });

  it("with a part missing, cut short or damaged is refused, the part named", async () => {
    const { bundle, key } = await makeBundle();
    const { header, parts } = await split(bundle);
    const [first = "", second = ""] = parts;
    const whole = await readFile(second);

    await writeFile(second, whole.subarray(0, 100));
    await expectRefusal(await install([header, "--key", key, "--to", "bin"]), 8, `the part ${second} has 100 bytes`);

    await rm(second);
    await expectRefusal(await install([header, "--key", key, "--to", "bin"]), 8, "bundle.tar.part002 is missing");

    await writeFile(second, whole);
    const bytes = await readFile(first);
    bytes[600] = (bytes[600] ?? 0) ^ 1;
    await writeFile(first, bytes);
    await expectRefusal(await install([header, "--key", key, "--to", "bin"]), 8, "no trusted key made the signature");
  });

  it("whose header names a part outside its folders is refused", async () => {
    const { bundle, key } = await makeBundle();
    const { header } = await split(bundle);
    await writeFile(header, (await readFile(header, "utf8")).replace("bundle.tar.part001", "../bundle.tar"));

    await expectRefusal(await install([header, "--key", key, "--to", "bin"]), 8, "a part that cannot be one");
  });
});

async function split(bundle: string) {
  const bytes = await readFile(bundle);
  const partSize = Math.ceil(bytes.length / 3);
  const parts: { readonly path: string; readonly file: string; readonly size: number; readonly digest: string }[] = [];
  for (let at = 0; at < bytes.length; at += partSize) {
    const part = bytes.subarray(at, at + partSize);
    const file = `bundle.tar.part00${parts.length + 1}`;
    await writeFile(join(folder, file), part);
    parts.push({ path: join(folder, file), file, size: part.length, digest: `sha256:${sha256(part)}` });
  }
  const listed = parts.map(({ file, size, digest }) => ({ file, size, digest }));
  const document = { apiVersion: "slipway/v1", kind: "SplitBundle", name: "bundle.tar", size: bytes.length };
  const parity = { count: 1, parts: [{ file: "bundle.tar.parity001", size: partSize, digest: "sha256:0" }] };
  const header = `${bundle}.split.json`;
  await writeFile(header, `${JSON.stringify({ ...document, partSize, parts: listed, parity }, undefined, 2)}\n`);
  await rm(bundle);
  return { header, parts: parts.map(({ path }) => path) };
}
