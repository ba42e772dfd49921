import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type InputFile, sha256 } from "./input-file.ts";

/** What the package lock says of one installed package. */
interface LockedPackage {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type LockedPackages = Readonly<Record<string, LockedPackage | undefined>>;

/** The inputs of the bundled toolbox program: its sources, the packages they reach, the bundler and the Node it runs on. */
export async function readToolboxInputs(repoRoot: string): Promise<readonly InputFile[]> {
  const folder = join(repoRoot, "toolbox/src");
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const names = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const sources = await Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(folder, name), "utf8") })),
  );
  const lock = JSON.parse(await readFile(join(repoRoot, "package-lock.json"), "utf8")) as { packages: LockedPackages };
  const imported = importedPackages(sources.map((source) => source.text));
  const packages = [...lockedVersions(lock.packages, [...imported, "esbuild", "node"])];
  return [
    ...sources.map((source) => ({
      path: `toolbox/src/${source.name}`,
      executable: false,
      sha256: sha256(source.text),
    })),
    { path: "toolbox/packages", executable: false, sha256: sha256(packages.join("\n")) },
  ];
}

/** Names of the packages that sources import at run time; type-only imports vanish in the bundle. */
export function importedPackages(sources: readonly string[]): readonly string[] {
  const found = new Set<string>();
  const statement =
    /^\s*(?:import|export)\s(?!type\s)[^;]*?from\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)|^\s*import\s+"([^"]+)"/gm;
  for (const source of sources) {
    for (const match of source.matchAll(statement)) {
      const specifier = match[1] ?? match[2] ?? match[3] ?? "";
      if (specifier === "" || specifier.startsWith(".") || specifier.startsWith("node:")) continue;
      found.add(
        specifier
          .split("/")
          .slice(0, specifier.startsWith("@") ? 2 : 1)
          .join("/"),
      );
    }
  }
  return [...found].sort();
}

/** `path version` of every package reachable from the named ones, sorted, resolved as Node resolves nested folders. */
export function lockedVersions(packages: LockedPackages, names: readonly string[]): readonly string[] {
  const versions = new Map<string, string>();
  const pending = names.map((name) => ({ name, from: "" }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const path = resolvePackage(packages, next.name, next.from);
    if (path === undefined || versions.has(path)) continue;
    const locked = packages[path];
    versions.set(path, locked?.version ?? "");
    // The bundler's own platform packages are left out: its version decides what it writes, not the machine.
    if (next.name === "esbuild" || next.name === "node") continue;
    for (const name of Object.keys({ ...locked?.dependencies, ...locked?.optionalDependencies })) {
      pending.push({ name, from: path });
    }
  }
  return [...versions].map(([path, version]) => `${path} ${version}`).sort();
}

function resolvePackage(packages: LockedPackages, name: string, from: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const path = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (folder === "") return undefined;
  }
}
