import { compareKeys } from "../../language/compare-text.ts";

/** A piece of software that was recognised in an image. */
export interface SoftwarePackage {
  readonly type: "deb" | "golang" | "npm";
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
  /** Of a Debian package: the source package, with its version where it differs. */
  readonly source?: string;
  /** As the package declares it; an SPDX expression. */
  readonly license?: string;
}

/** What one layer adds and removes: of every file that tells of software, what it tells. */
export interface LayerPackages {
  /** By path, without a leading slash. An empty list stands for a file of the kind that tells nothing. */
  readonly files: Readonly<Record<string, readonly SoftwarePackage[]>>;
  /** Paths that are not there any more: files, or folders with all that is below. */
  readonly removed: readonly string[];
  /** Folders of which only what this layer puts there is left. */
  readonly emptied: readonly string[];
  /** `debian-13` and the like. */
  readonly distribution?: string;
}

/** What an image holds in all. */
export interface ImagePackages {
  /** Each once, in order. */
  readonly packages: readonly SoftwarePackage[];
  readonly distribution?: string;
}

/** Lays the layers of an image over each other, the lowest first (OCI image specification 1.1, "Applying Changesets"). */
export function mergeLayers(layers: readonly LayerPackages[]): ImagePackages {
  const files = new Map<string, readonly SoftwarePackage[]>();
  let distribution: string | undefined;
  for (const layer of layers) {
    for (const path of files.keys()) {
      const gone =
        layer.emptied.some((folder) => isBelow(path, folder)) ||
        layer.removed.some((removed) => path === removed || isBelow(path, removed));
      if (gone) files.delete(path);
    }
    for (const [path, packages] of Object.entries(layer.files)) files.set(path, packages);
    distribution = layer.distribution ?? distribution;
  }
  const found = new Map<string, SoftwarePackage>();
  for (const entry of [...files.values()].flat()) found.set(keyOf(entry), entry);
  const packages = [...found].toSorted(compareKeys).map(([, entry]) => entry);
  return { packages, ...(distribution !== undefined && { distribution }) };
}

function isBelow(path: string, folder: string): boolean {
  return folder === "" || path.startsWith(`${folder}/`);
}

function keyOf({ type, name, version, architecture }: SoftwarePackage): string {
  return [type, name, version, architecture ?? ""].join(" ");
}
