import type { FileSystem } from "../../platform/ports.ts";
import { render } from "./render.ts";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useFilePorts } from "../../../test/support/file-ports.ts";

const place = useFilePorts();
const { ports, request } = place;

/** Writes every file but one. */
function failingAt(path: string, fs: FileSystem): FileSystem {
  return {
    ...fs,
    writeAtomic: (file, ...rest) =>
      file === path ? Promise.reject(new Error("the disk is full")) : fs.writeAtomic(file, ...rest),
  };
}

describe("render", () => {
  it("writes once, changes nothing the second time and takes away what is gone", async () => {
    const out = join(place.folder, "out");

    const first = await render({ ...request(), mode: "compose", out }, ports);
    const second = await render({ ...request(), mode: "compose", out }, ports);
    const third = await render({ ...request({ without: ["casdoor"] }), mode: "compose", out }, ports);

    expect(first.written).toBe(first.files.length);
    expect([second.written, second.removed]).toEqual([0, []]);
    expect(third.removed.length).toBeGreaterThan(0);
    expect(third.removed.every((path) => path.includes("casdoor"))).toBe(true);
    expect(readFileSync(join(out, "compose.yaml"), "utf8")).not.toContain("casdoor:");
  });

  it("writes no secret, only names", async () => {
    const result = await render({ ...request(), mode: "compose" }, ports);

    expect(result.files.some((file) => file.contents.includes("${secret:"))).toBe(true);
    expect(readdirSync(place.folder)).toEqual([]);
  });

  it("goes on where an earlier one was interrupted", async () => {
    const out = join(place.folder, "out");
    const full = failingAt(join(out, "compose.yaml"), ports.fs);

    await expect(render({ ...request(), mode: "compose", out }, { ...ports, fs: full })).rejects.toThrow(
      "disk is full",
    );
    const again = await render({ ...request(), mode: "compose", out }, ports);

    expect(again.files.map((file) => readFileSync(join(out, file.path), "utf8"))).toEqual(
      again.files.map((file) => file.contents),
    );
  });

  it("refuses a directory with other people's files, and leaves it alone", async () => {
    writeFileSync(join(place.folder, "precious.txt"), "x");

    await expect(render({ ...request(), mode: "compose", out: place.folder }, ports)).rejects.toMatchObject({
      code: "USAGE",
    });
    expect(readdirSync(place.folder)).toEqual(["precious.txt"]);
  });

  it("removes nothing outside its directory, whatever the marker says", async () => {
    const out = join(place.folder, "out");
    writeFileSync(join(place.folder, "precious.txt"), "x");
    mkdirSync(out);
    writeFileSync(join(out, ".slipway-render.json"), JSON.stringify({ files: ["../precious.txt", "/etc/none"] }));

    await render({ ...request(), mode: "compose", out }, ports);

    expect(readFileSync(join(place.folder, "precious.txt"), "utf8")).toBe("x");
  });
});
