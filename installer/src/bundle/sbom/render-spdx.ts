import { createHash } from "node:crypto";
import { hexOf } from "../../oci/digest.ts";
import { formatPackageUrl } from "./package-url.ts";
import type { ImagePackages, SoftwarePackage } from "./packages.ts";

/** An image as its document names it. */
export interface SbomImage {
  readonly name: string;
  readonly reference: string;
  /** Digest of what the bundle carries for it. */
  readonly root: string;
  /** Licence expression of the image as a whole, from the catalogue. */
  readonly licenses: string;
}

export interface SbomPlatform {
  readonly platform: string;
  /** Digest of the manifest. */
  readonly manifest: string;
  readonly contents: ImagePackages;
}

/** What the document of the bundle lists besides images. */
export interface SbomBundle {
  readonly name: string;
  readonly version: string;
  readonly artifacts: readonly {
    readonly name: string;
    readonly version: string;
    readonly platform?: string;
    readonly digest: string;
  }[];
}

/** Always this time: a document says what is in an image, and the same image has the same document. */
const created = "1970-01-01T00:00:00Z";
const unknown = "NOASSERTION";

type Item = Readonly<Record<string, unknown>> & { readonly SPDXID: string };

/** The software of an image, for each of its platforms: SPDX 2.3, JSON. The same packages give the same bytes. */
export function renderSpdx(image: SbomImage, platforms: readonly SbomPlatform[]): string {
  const items = new Map<string, Item>();
  const relationships: Relationship[] = [];
  for (const { platform, manifest, contents } of platforms) {
    const container = describeContainer(image, platform, manifest);
    items.set(container.SPDXID, container);
    relationships.push(relate("SPDXRef-DOCUMENT", "DESCRIBES", container.SPDXID));
    for (const found of contents.packages) {
      const item = describePackage(found, contents.distribution);
      items.set(item.SPDXID, item);
      relationships.push(relate(container.SPDXID, "CONTAINS", item.SPDXID));
    }
  }
  return format({
    name: image.reference,
    unique: `${image.name}-${hexOf(image.root)}`,
    packages: [...items.values()],
    relationships,
  });
}

/** The images and programs of a bundle; what is in an image stands in its own document, which `documents` has by name. */
export function renderBundleSpdx(
  bundle: SbomBundle,
  images: readonly SbomImage[],
  documents: ReadonlyMap<string, string>,
): string {
  const whole: Item = {
    SPDXID: "SPDXRef-Bundle",
    ...describe(bundle.name, bundle.version, "ARCHIVE"),
  };
  const items = [
    ...images.map((image) => describeContainer(image, undefined, image.root)),
    ...bundle.artifacts.map((artifact) => ({
      SPDXID: idOf("Artifact", `${artifact.name} ${artifact.platform ?? ""}`),
      ...describe(artifact.name, artifact.version, artifact.name === "chart" ? "ARCHIVE" : "APPLICATION"),
      checksums: [{ algorithm: "SHA256", checksumValue: hexOf(artifact.digest) }],
      ...(artifact.platform !== undefined && { comment: `for ${artifact.platform}` }),
    })),
  ];
  const relationships = [
    relate("SPDXRef-DOCUMENT", "DESCRIBES", whole.SPDXID),
    ...items.map(({ SPDXID }) => relate(whole.SPDXID, "CONTAINS", SPDXID)),
  ];
  const contents = createHash("sha256").update(JSON.stringify(items)).digest("hex");
  const references = images.flatMap((image) => {
    const text = documents.get(image.name);
    if (text === undefined) return [];
    return [
      {
        externalDocumentId: `DocumentRef-${image.name.replace(/[^A-Za-z0-9.-]/g, "-")}`,
        spdxDocument: namespaceOf(`${image.name}-${hexOf(image.root)}`),
        checksum: { algorithm: "SHA256", checksumValue: createHash("sha256").update(text).digest("hex") },
      },
    ];
  });
  const name = `${bundle.name}-${bundle.version}`;
  return format({
    name,
    unique: `${name}-${contents}`,
    packages: [whole, ...items],
    relationships,
    externalDocumentRefs: references,
  });
}

function describeContainer(image: SbomImage, platform: string | undefined, digest: string): Item {
  const at = image.reference.lastIndexOf(":");
  const tagged = at > image.reference.lastIndexOf("/");
  const [repository, tag] = tagged ? [image.reference.slice(0, at), image.reference.slice(at + 1)] : [image.reference];
  const base = repository.slice(repository.lastIndexOf("/") + 1).toLowerCase();
  const qualifiers = [
    ...(platform === undefined ? [] : [`arch=${encodeURIComponent(platform.split("/")[1] ?? "")}`]),
    `repository_url=${encodeURIComponent(repository)}`,
    ...(tag === undefined ? [] : [`tag=${encodeURIComponent(tag)}`]),
  ];
  const url = `pkg:oci/${encodeURIComponent(base)}@${encodeURIComponent(digest)}?${qualifiers.join("&")}`;
  return {
    SPDXID: idOf("Image", `${image.reference} ${platform ?? ""}`),
    ...describe(image.reference, tag ?? digest, "CONTAINER"),
    // What the catalogue knows: expressions of its own words are not SPDX.
    licenseDeclared: /^[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*$/.test(image.licenses)
      ? image.licenses
      : unknown,
    checksums: [{ algorithm: "SHA256", checksumValue: hexOf(digest) }],
    ...(platform !== undefined && { comment: `for ${platform}` }),
    externalRefs: [packageUrl(url)],
  };
}

function describePackage(found: SoftwarePackage, distribution: string | undefined): Item {
  const url = formatPackageUrl(found, distribution);
  return {
    SPDXID: idOf(found.type, `${url} ${found.version}`),
    ...describe(found.name, found.version, undefined),
    ...(found.license !== undefined && { licenseDeclared: found.license }),
    ...(found.source !== undefined && { sourceInfo: `built from the source package ${found.source}` }),
    externalRefs: [packageUrl(url)],
  };
}

/** The keys that every package has. */
function describe(name: string, version: string, purpose: string | undefined) {
  return {
    name,
    versionInfo: version,
    ...(purpose !== undefined && { primaryPackagePurpose: purpose }),
    downloadLocation: unknown,
    filesAnalyzed: false,
    licenseConcluded: unknown,
    licenseDeclared: unknown,
    copyrightText: unknown,
  };
}

function packageUrl(locator: string) {
  return { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: locator };
}

interface Relationship {
  readonly spdxElementId: string;
  readonly relationshipType: "DESCRIBES" | "CONTAINS";
  readonly relatedSpdxElement: string;
}

interface Document {
  readonly name: string;
  /** Ends the document's namespace. */
  readonly unique: string;
  readonly packages: readonly Item[];
  readonly relationships: readonly Relationship[];
  readonly externalDocumentRefs?: readonly unknown[];
}

function relate(from: string, relationshipType: Relationship["relationshipType"], to: string): Relationship {
  return { spdxElementId: from, relationshipType, relatedSpdxElement: to };
}

function idOf(kind: string, key: string): string {
  return `SPDXRef-${kind}-${createHash("sha256").update(key).digest("hex").slice(0, 20)}`;
}

function namespaceOf(name: string): string {
  return `https://spdx.org/spdxdocs/slipway-${name}`;
}

function format({ name, unique, packages, relationships, externalDocumentRefs = [] }: Document): string {
  const document = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name,
    documentNamespace: namespaceOf(unique),
    creationInfo: { created, creators: ["Tool: slipway"] },
    ...(externalDocumentRefs.length > 0 && { externalDocumentRefs }),
    packages,
    relationships,
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}
