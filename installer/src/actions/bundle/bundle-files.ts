import { bundlePaths } from "../../bundle/bundle-manifest.ts";
import type { SmallFiles } from "../../bundle/assemble-bundle.ts";
import type { GatheredImage } from "../../bundle/gather-images.ts";
import { parseCatalogue } from "../../images/catalogue.ts";
import type { Assets } from "../assets.ts";
import { readImageTable } from "../desired/load-plan.ts";
import { formatReadme } from "./bundle-readme.ts";

export interface BundleFilesRequest {
  readonly name: string;
  readonly profile?: string;
  readonly platforms: readonly string[];
  readonly without: readonly string[];
  readonly signed: boolean;
  readonly images: readonly GatheredImage[];
  /** By path inside the bundle. */
  readonly sboms: ReadonlyMap<string, string>;
  /** `files/images.lock.yaml`. */
  readonly lock?: string;
}

const documents: readonly string[] = [
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

/** The small files for people and for the install: how to check, documents, values, licences, SBOMs, lock. */
export function buildBundleFiles(request: BundleFilesRequest, assets: Assets): SmallFiles {
  const { files } = bundlePaths;
  const texts = new Map<string, string>([
    [`${files}README.txt`, formatReadme({ ...request, version: assets.version })],
    [`${files}LICENSES.txt`, formatLicenses(request.images, assets)],
    [`${files}values.schema.json`, assets.readText("values/values.schema.json")],
    [`${files}values.yaml`, assets.readText("values/values.yaml")],
    ...request.sboms,
  ]);
  if (request.profile !== undefined) {
    const profile = `profiles/${request.profile}.yaml`;
    texts.set(`${files}${profile}`, assets.readText(`values/${profile}`));
  }
  for (const path of documents) {
    const text = readIfCarried(path, assets);
    if (text !== undefined) texts.set(`${files}${path}`, text);
  }
  const script = readIfCarried("offline-bundle/install.sh", assets);
  if (script !== undefined) texts.set(bundlePaths.installScript, script);
  if (request.lock !== undefined) texts.set(bundlePaths.lock, request.lock);
  return new Map([...texts].map(([path, text]) => [path, Buffer.from(text)]));
}

/** Undefined when this program was built without it. */
function readIfCarried(path: string, assets: Assets): string | undefined {
  try {
    return assets.readText(path);
  } catch {
    return undefined;
  }
}

/** Under what terms each image comes, and where its source is. */
function formatLicenses(images: readonly GatheredImage[], assets: Assets): string {
  const table = readImageTable(assets);
  // Of images that are none of the platform's it says nothing.
  const known = images.some(({ wanted }) => table[wanted.name] !== undefined);
  const catalogue = known ? parseCatalogue(assets.readText("images/catalogue.yaml")) : undefined;
  const blocks = images.map(({ wanted, platforms }) => {
    const entry = catalogue?.images[wanted.name];
    const pins = entry !== undefined && "pins" in entry ? Object.entries(entry.pins) : [];
    return [
      wanted.reference,
      ...(entry === undefined ? [] : [`  ${entry.title}, version ${entry.version}`]),
      `  licences: ${wanted.licenses}`,
      ...(entry?.upstream === undefined ? [] : [`  source: ${entry.upstream}`]),
      ...pins.map(([key, value]) => `  ${key.toLowerCase().replaceAll("_", " ")}: ${value}`),
      ...platforms.map(({ platform, manifest }) => `  ${platform}: ${manifest.digest}`),
    ].join("\n");
  });
  return `Licences of the images in this bundle, as SPDX expressions.

Images that are made from Debian hold the copyright files of every package below /usr/share/doc/*/copyright. For programs
under the AGPL or the GPL the source named here is the corresponding source: the pinned version of it, built without change.

${blocks.join("\n\n")}
`;
}
