import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Slipway's own licence, then those of the npm packages that a bundled program is made of, by the paths of its source files. */
export async function collectLicenses(root: string, inputs: readonly string[]): Promise<string> {
  const folders = new Set(
    inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? []),
  );
  const texts = [await describe(root)];
  for (const folder of [...folders].toSorted()) texts.push(await describe(join(root, folder)));
  return texts.join("\n");
}

async function describe(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file)).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  const line = "-".repeat(100);
  return [line, `${name} ${version}: ${license ?? "see below"}`, line, "", ...texts].join("\n");
}
