import { BundleError } from "../../errors/installer-error.ts";
import type { ImageSource, SourceImage } from "../../oci/content.ts";
import { type Descriptor, type Platform, matchesPlatform } from "../../oci/descriptor.ts";
import { hexOf } from "../../oci/digest.ts";
import { manifestLimit, parseManifest } from "../../oci/manifest.ts";
import { formatReference, parseReference } from "../../oci/reference.ts";
import type { BulkFiles } from "../../platform/content-ports.ts";
import { plainDescriptor } from "../build-bundle-manifest.ts";
import { contentError } from "../content-error.ts";
import { readSmall } from "../read-small.ts";
import { type LayoutFiles, folderFiles } from "./layout-files.ts";

/** An OCI layout that holds this many images is none. */
const entriesLimit = 50_000;

/** Annotations under which tools write an image's name: ours, skopeo, containerd and Hauler, Zarf. */
const nameAnnotations = [
  "org.opencontainers.image.ref.name",
  "io.containerd.image.name",
  "org.opencontainers.image.base.name",
];

/**
 * An OCI layout in a folder.
 * @throws BundleError when the folder is not a layout
 */
export function openLayoutFolder(folder: string, bulk: BulkFiles): Promise<ImageSource> {
  return openLayout(folderFiles(folder, bulk), "layout", `the OCI layout ${folder}`);
}

/**
 * An OCI layout wherever its files are: OCI image layout specification 1.1. Tells referrers by their subject and cosign's
 * by their tags.
 * @throws BundleError when it is not one
 */
export async function openLayout(files: LayoutFiles, kind: "layout" | "archive", name: string): Promise<ImageSource> {
  const index = await readIndex(files, name);
  const source: Pick<ImageSource, "kind" | "name" | "content"> = {
    kind,
    name,
    content: {
      async open(descriptor, range) {
        const path = `blobs/sha256/${hexOf(descriptor.digest)}`;
        const stream = await files.stream(path, range);
        if (stream !== undefined) return stream;
        throw new BundleError(`${name} does not have ${descriptor.digest}`, {
          hint: "the layout is incomplete: copy it again, with all platforms of its images",
        });
      },
      async locate(descriptor) {
        const span = await files.locate(`blobs/sha256/${hexOf(descriptor.digest)}`);
        return span === undefined ? undefined : [span];
      },
    },
  };
  let found: Promise<readonly Referrer[]> | undefined;
  return {
    ...source,
    async resolve(reference, platforms) {
      const root = select(reference, index, platforms);
      if (root === undefined) return undefined;
      found ??= findReferrers(index, source);
      const referrers = relevant(await found, await subjectsOf(root, source));
      return { reference, root, referrers };
    },
    close: () => files.close(),
  };
}

type Referrer = SourceImage["referrers"][number];
type LayoutSource = Pick<ImageSource, "kind" | "name" | "content">;

async function readIndex(files: LayoutFiles, name: string): Promise<readonly Descriptor[]> {
  const refuse = (why: string): never => {
    throw new BundleError(`${name} is not an OCI layout: ${why}`, {
      hint: "name the folder that has oci-layout, index.json and blobs in it",
    });
  };
  if ((await files.size("oci-layout")) === undefined) refuse("it has no file oci-layout");
  const bytes = await files.read("index.json", manifestLimit + 1);
  if (bytes === undefined) return refuse("it has no file index.json");
  const manifest = parseManifest(bytes, (problem) => new BundleError(`index.json of ${name} ${problem}`));
  if (manifest.kind !== "index") return refuse("its index.json is not an index");
  if (manifest.manifests.length > entriesLimit) refuse(`it names more than ${entriesLimit} manifests`);
  return manifest.manifests;
}

/** The entry with this name; of several, the one for the platform asked for first. */
function select(
  reference: string,
  index: readonly Descriptor[],
  platforms: readonly Platform[],
): Descriptor | undefined {
  const wanted = parseReference(reference);
  const full = formatReference(wanted);
  const named = index.filter((entry) =>
    wanted.digest === undefined ? namesOf(entry).includes(full) : entry.digest === wanted.digest,
  );
  const [primary] = platforms;
  const fitting = named.find(
    ({ platform }) => primary === undefined || (platform !== undefined && matchesPlatform(platform, primary)),
  );
  return fitting ?? named[0];
}

function namesOf({ annotations = {} }: Descriptor): readonly string[] {
  return nameAnnotations.flatMap((key) => {
    const text = annotations[key];
    if (text === undefined) return [];
    try {
      return [formatReference(parseReference(text))];
    } catch {
      return [];
    }
  });
}

/** Tags under which cosign keeps what belongs to an image. */
const cosignTag = /^sha256-([0-9a-f]{64})\.(?:sig|att|sbom)$/;

/** Everything the layout names that refers to something: by subject, or by cosign's tags. */
async function findReferrers(index: readonly Descriptor[], source: LayoutSource): Promise<readonly Referrer[]> {
  const found: Referrer[] = [];
  for (const entry of index) {
    const tag = namesOf(entry)
      .map((name) => parseReference(name).tag ?? "")
      .find((text) => cosignTag.test(text));
    const descriptor = plainDescriptor(entry);
    const hex = cosignTag.exec(tag ?? "")?.[1];
    if (tag !== undefined && hex !== undefined) {
      found.push({ descriptor, subject: `sha256:${hex}`, tag });
      continue;
    }
    const toError = contentError(source, `the manifest ${entry.digest}`);
    const { subject, ...manifest } = parseManifest(await readSmall(source.content, entry, toError), toError);
    if (subject === undefined) continue;
    const artifactType = descriptor.artifactType ?? ("artifactType" in manifest ? manifest.artifactType : undefined);
    found.push({
      descriptor: { ...descriptor, ...(artifactType === undefined ? {} : { artifactType }) },
      subject: subject.digest,
    });
  }
  return found;
}

/** The image's own manifests. */
async function subjectsOf(root: Descriptor, source: LayoutSource): Promise<Set<string>> {
  const toError = contentError(source, `the manifest ${root.digest}`);
  const manifest = parseManifest(await readSmall(source.content, root, toError), toError);
  return new Set([root.digest, ...(manifest.kind === "index" ? manifest.manifests.map(({ digest }) => digest) : [])]);
}

/** What refers to one of the subjects, or to something that does. */
function relevant(referrers: readonly Referrer[], subjects: Set<string>): readonly Referrer[] {
  const chosen = new Set<Referrer>();
  for (let before = -1; before !== chosen.size; ) {
    before = chosen.size;
    for (const referrer of referrers) {
      if (!subjects.has(referrer.subject)) continue;
      chosen.add(referrer);
      subjects.add(referrer.descriptor.digest);
    }
  }
  return [...chosen];
}
