import { UsageError } from "../errors/installer-error.ts";
import { type Catalogue, type OwnImage, debianName, isOwn } from "./catalogue.ts";

/** One image to build, and the builds that must be done before it. */
export interface ImageBuild {
  readonly name: string;
  readonly reference: string;
  readonly image: OwnImage;
  readonly needs: readonly string[];
}

/** What a request for images comes to. */
export interface ImageBuildPlan {
  /** In an order in which every build comes after what it needs. */
  readonly builds: readonly ImageBuild[];
  /** Asked for, and already there. */
  readonly present: readonly string[];
  /** Whether a build starts from the Debian base. */
  readonly needsDebian: boolean;
}

/** The reference of an image of ours. */
export function ownReference(catalogue: Catalogue, tags: Readonly<Record<string, string>>, name: string): string {
  return `${catalogue.repository}/${name}:${tags[name] ?? "unknown"}`;
}

/**
 * Decides which images must be built so that the named ones (all that ship, if none is named) are there.
 * An image that is there is not built, nor is anything only it would need.
 * @throws UsageError when a name is not one of ours
 */
export function planImageBuilds(request: {
  readonly catalogue: Catalogue;
  readonly tags: Readonly<Record<string, string>>;
  readonly names: readonly string[];
  /** References the engine has. */
  readonly has: ReadonlySet<string>;
}): ImageBuildPlan {
  const { catalogue, tags, has } = request;
  const builds = new Map<string, ImageBuild>();
  const present: string[] = [];
  let needsDebian = false;

  function add(name: string): string | undefined {
    if (name === debianName) {
      needsDebian = true;
      return undefined;
    }
    const image = catalogue.images[name];
    if (image === undefined || !isOwn(image)) return undefined;
    const reference = ownReference(catalogue, tags, name);
    if (has.has(reference)) return undefined;
    if (!builds.has(name)) {
      const needs = Object.values(image.from).flatMap((source) => add(source) ?? []);
      builds.set(name, { name, reference, image, needs: [...new Set(needs)] });
    }
    return name;
  }

  for (const name of wantedNames(catalogue, request.names)) if (add(name) === undefined) present.push(name);
  return { builds: [...builds.values()], present, needsDebian };
}

function wantedNames(catalogue: Catalogue, names: readonly string[]): readonly string[] {
  const known = Object.values(catalogue.images).filter(isOwn);
  if (names.length === 0) return known.filter((image) => image.kind === "built").map((image) => image.name);
  for (const name of names) {
    const image = catalogue.images[name];
    if (image === undefined) {
      throw new UsageError(`no image is named ${name}`, {
        hint: `one of: ${known.map((each) => each.name).join(", ")}`,
      });
    }
    if (!isOwn(image)) {
      throw new UsageError(`${name} is a third-party image and is pulled, not built`, {
        hint: `it is ${image.reference}; a registry or a bundle must supply it`,
      });
    }
  }
  return [...new Set(names)];
}
