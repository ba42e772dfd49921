import type { WantedImage } from "../../bundle/gather-images.ts";
import { type Catalogue, isOwn, parseCatalogue } from "../../images/catalogue.ts";
import { UsageError } from "../../errors/installer-error.ts";
import { formatReference, parseReference } from "../../oci/reference.ts";
import type { Plan } from "../../plan/model.ts";
import type { Assets } from "../assets.ts";
import { readImageTable } from "../desired/load-plan.ts";

/** Sections of the values by the name of the image that can be had in no other way than from its maker. */
const optional: Readonly<Record<string, string>> = { casdoor: "casdoor" };

/** Every image that a plan runs, with who runs it, in the order of the references. */
export function findWantedImages(plan: Plan, assets: Assets): readonly WantedImage[] {
  const catalogue = parseCatalogue(assets.readText("images/catalogue.yaml"));
  const table = readImageTable(assets);
  const users = [
    ...plan.components.flatMap(({ id, workload }) =>
      workload === undefined ? [] : [{ reason: `component ${id}`, image: workload.container.image }],
    ),
    ...plan.jobs.map(({ id, container }) => ({ reason: `job ${id}`, image: container.image })),
  ];
  const found = new Map<string, WantedImage & { readonly reasons: string[] }>();
  for (const { reason, image } of users) {
    // With images.registry set the plan names the copies there; a bundle carries what they are copies of.
    const own = image.source === "values" ? undefined : table[image.name];
    const reference = formatReference(parseReference(own?.reference ?? image.reference));
    const entry = found.get(reference) ?? describe(image.name, reference, catalogue, image.source === "values");
    if (!entry.reasons.includes(reason)) entry.reasons.push(reason);
    found.set(reference, entry);
  }
  return [...found.values()].toSorted((a, b) => (a.reference < b.reference ? -1 : 1));
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
    images.set(reference, { ...(known ?? { name, reference, licenses: "unknown: named with --image" }), reasons });
  }
  return [...images.values()].toSorted((a, b) => (a.reference < b.reference ? -1 : 1));
}

function describe(
  name: string,
  reference: string,
  catalogue: Catalogue,
  given: boolean,
): WantedImage & { readonly reasons: string[] } {
  const entry = given ? undefined : catalogue.images[name];
  const digest = entry === undefined || isOwn(entry) ? undefined : entry.digest;
  const section = optional[name];
  return {
    name,
    reference,
    licenses: entry?.licenses ?? "unknown: named in the values",
    reasons: [],
    ...(digest?.startsWith("sha256:") === true && { digest }),
    ...(section !== undefined && { wayOut: `--without ${section} makes a bundle without it` }),
  };
}
