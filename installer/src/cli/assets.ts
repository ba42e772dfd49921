import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Assets } from "../actions/assets.ts";

/** What the program carries when it is shipped as one file; scripts/build.ts replaces this module with one that holds it. */
export const assetFolders: readonly string[] = ["values/profiles", "charts/platform"];
export const assetFiles: readonly string[] = [
  "values/values.yaml",
  "values/values.schema.json",
  "values/values.zh.json",
  "images/catalogue.yaml",
  "images/images.generated.json",
  "offline-bundle/install.sh",
  "docs/bundle-format.md",
  "docs/commands.md",
  "docs/components.md",
  "docs/error-codes.md",
  "docs/hardening.md",
  "docs/offline.md",
  "docs/push-and-harbor.md",
  "docs/sizing.md",
  "docs/values.md",
];

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The data files of the checkout that this source belongs to. */
export function openAssets(): Assets {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
  return {
    readText: (path) => readFileSync(join(root, path), "utf8"),
    listBelow: (folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
        .toSorted(),
    checkout: root.replace(/\/$/, ""),
    version,
    builtAt: "2026-11-01T00:00:00Z",
  };
}
