import { basename } from "node:path";
import { type BuildResult, transform } from "esbuild";
import { lazyPackageId } from "./lazy-modules.ts";

/** Modules that are loaded together, by what leads to them; what an earlier file has, a later one does not have again. */
export interface FileGroup {
  readonly name: string;
  readonly entries: readonly RegExp[];
}

export interface ProgramFile {
  readonly name: string;
  readonly text: string;
}

type Bundled = BuildResult<{ metafile: true; write: false }>;

/**
 * Puts the chunks of a bundle into few files. A chunk is a function there and runs when something asks for it, so that a
 * command pays for reading a file, not for everything in it.
 * @throws {Error} when a group matches no module: its files were moved or renamed
 */
export async function packProgram(bundled: Bundled, groups: readonly FileGroup[]): Promise<readonly ProgramFile[]> {
  const { outputs } = bundled.metafile;
  const places = placeChunks(outputs, groups);
  const texts = new Map(bundled.outputFiles.map((file) => [basename(file.path), file.text]));
  const files = new Map<string, string[]>();
  for (const [chunk, place] of places) {
    const { code } = await transform(texts.get(basename(chunk)) ?? "", {
      format: "cjs",
      platform: "node",
      target: "node24",
      supported: { "dynamic-import": false },
      minifySyntax: true,
      minifyWhitespace: true,
    });
    const parts = files.get(place.file) ?? [];
    parts[place.index] = `function(module,exports,require){${renameChunks(code, outputs, places)}}`;
    files.set(place.file, parts);
  }
  return [...files].map(([name, parts]) => ({ name, text: `"use strict";[${parts.join(",\n")}]\n` }));
}

interface Place {
  readonly file: string;
  readonly index: number;
}

type Outputs = Bundled["metafile"]["outputs"];

function placeChunks(outputs: Outputs, groups: readonly FileGroup[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  const entries = Object.keys(outputs).filter((chunk) => outputs[chunk]?.entryPoint !== undefined);
  const counts = new Map<string, number>();
  function place(chunk: string, file: string): void {
    if (places.has(chunk)) return;
    const index = counts.get(file) ?? 0;
    places.set(chunk, { file, index });
    counts.set(file, index + 1);
    for (const { path, kind } of outputs[chunk]?.imports ?? []) {
      if (kind === "import-statement" && outputs[path] !== undefined) place(path, file);
    }
  }
  for (const { name, entries: patterns } of groups) {
    for (const pattern of patterns) {
      const matching = entries.filter((chunk) => pattern.test(outputs[chunk]?.entryPoint ?? ""));
      if (matching.length === 0) throw new Error(`no module that is loaded on demand matches ${pattern.source}`);
      for (const chunk of matching) place(chunk, name);
    }
  }
  // What is left are packages that few commands need: a file each.
  for (const chunk of entries) place(chunk, nameOfPackage(outputs[chunk]?.entryPoint ?? chunk));
  return places;
}

/** The package that an entry point is in; undefined for a module of ours. */
function packageOf(path: string): string | undefined {
  return /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}

function nameOfPackage(path: string): string {
  return (packageOf(path) ?? basename(path, ".ts")).replace(/^@/, "").replaceAll("/", "-");
}

/** Lets chunks ask for each other by their places. */
function renameChunks(code: string, outputs: Outputs, places: ReadonlyMap<string, Place>): string {
  const names = new Map<string, Place>();
  for (const [chunk, place] of places) {
    names.set(`./${basename(chunk)}`, place);
    const owner = packageOf(outputs[chunk]?.entryPoint ?? "");
    if (owner !== undefined) names.set(lazyPackageId(owner), place);
  }
  return code.replace(/\("((?:\.\/|lazy:)[^"]+)"\)/g, (call, name: string) => {
    const place = names.get(name);
    return place === undefined ? call : `("#${place.file}/${place.index}")`;
  });
}
