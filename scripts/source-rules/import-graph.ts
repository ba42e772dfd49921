import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";

export interface Import {
  /** Path of the imported file below the repository's root. */
  readonly target: string;
  /** Where the import stands, from 1. */
  readonly line: number;
}

/** Each file with the files it imports, types and lazy imports included. */
export type ImportGraph = ReadonlyMap<string, readonly Import[]>;

const folders = ["installer/src", "installer/test", "toolbox/src", "scripts"];

/** All TypeScript files of the repository, sorted. */
export function sourceFiles(root: string): readonly string[] {
  return folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root })).sort();
}

/** Reads who imports whom among the given files. */
export function readImportGraph(root: string, files: readonly string[]): ImportGraph {
  const known = new Set(files);
  return new Map(
    files.map((file) => {
      const imports = importsOf(file, readFileSync(join(root, file), "utf8"));
      return [file, imports.filter(({ target }) => known.has(target))];
    }),
  );
}

/** The relative imports of one file; TypeScript itself finds them, so comments and strings do not count. */
export function importsOf(file: string, text: string): readonly Import[] {
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName, pos }) => ({
      target: posix.join(posix.dirname(file), fileName),
      line: text.slice(0, pos).split("\n").length,
    }));
}
