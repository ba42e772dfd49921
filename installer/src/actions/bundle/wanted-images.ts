import type { WantedImage } from "../../bundle/gather-images.ts";
import { type Catalogue, isOwn, parseCatalogue } from "../../images/catalogue.ts";
import { UsageError } from "../../errors/installer-error.ts";
import { compareText } from "../../language/compare-text.ts";
import { formatReference, parseReference } from "../../oci/reference.ts";
import type { Plan } from "../../plan/model.ts";
import type { Assets } from "../assets.ts";
import { withoutOptions } from "../../plan/component-names.ts";
import type { Values } from "../../values/values.generated.ts";
import { readImageTable } from "../desired/load-plan.ts";

/** Every image that a plan runs, with who runs it, in the order of the references. */
export function findWantedImages(plan: Plan, assets: Assets, values?: Values): readonly WantedImage[] {
  const catalogue = parseCatalogue(assets.readText("images/catalogue.yaml"));
  const table = readImageTable(assets);
  const users = [
    ...plan.components.flatMap(({ id, workload }) =>
      workload === undefined ? [] : [{ reason: `component ${id}`, component: id, image: workload.container.image }],
    ),
    ...plan.jobs.map(({ id, component, container }) => ({ reason: `job ${id}`, component, image: container.image })),
  ];
  const found = new Map<string, Found>();
  for (const { reason, component, image } of users) {
    // With images.registry set the plan names the copies there; a bundle carries what they are copies of.
    const own = image.source === "values" ? undefined : table[image.name];
    const reference = formatReference(parseReference(own?.reference ?? image.reference));
    const entry = found.get(reference) ?? describe(image.name, reference, catalogue, image.source === "values");
    if (!entry.reasons.includes(reason)) entry.reasons.push(reason);
    entry.components.add(component);
    found.set(reference, entry);
  }
  return [...found.values()]
    .map((image) => withWayOut(image, values))
    .toSorted((a, b) => compareText(a.reference, b.reference));
}

interface Found extends WantedImage {
  readonly reasons: string[];
  /** Of the maker: what cannot be built here. */
  readonly isForeign: boolean;
  readonly components: Set<string>;
}

/** Where an image can be had from its maker only, and the platform works without all that use it, that is a way to go on. */
function withWayOut({ isForeign, components, ...image }: Found, values: Values | undefined): WantedImage {
  const without = isForeign ? withoutOptions([...components].toSorted(), values) : undefined;
  return without === undefined ? image : { ...image, wayOut: `${without} makes a bundle without it` };
}

/**
 * Images that a person named besides the platform's, with those of the platform; one that the platform uses too stands once.
 * @throws UsageError for what is no reference, or names no version
 */
export function withFurtherImages(
  platform: readonly WantedImage[],
  references: readonly string[],
): readonly WantedImage[] {
  const images = new Map(platform.map((image) => [image.reference, image]));
  for (const text of references) {
    const parsed = parseReference(text);
    if (parsed.tag === undefined && parsed.digest === undefined) {
      throw new UsageError(`--image ${text} names no version`, { hint: `write a tag or a digest, as in ${text}:1.0` });
    }
    const reference = formatReference(parsed);
    const known = images.get(reference);
    const reasons = [...(known?.reasons ?? []), "named with --image"];
    const name = reference.replace(/[^a-z0-9]+/gi, "-");
    const named = { name, reference, licenses: "unknown: named with --image", ofAnyKind: true };
    images.set(reference, { ...(known ?? named), reasons });
  }
  return [...images.values()].toSorted((a, b) => compareText(a.reference, b.reference));
}

function describe(name: string, reference: string, catalogue: Catalogue, given: boolean): Found {
  const entry = given ? undefined : catalogue.images[name];
  const digest = entry === undefined || isOwn(entry) ? undefined : entry.digest;
  return {
    name,
    reference,
    licenses: entry?.licenses ?? "unknown: named in the values",
    reasons: [],
    isForeign: entry === undefined || !isOwn(entry),
    components: new Set(),
    ...(digest?.startsWith("sha256:") === true && { digest }),
  };
}
