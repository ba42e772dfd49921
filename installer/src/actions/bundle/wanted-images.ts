import type { WantedImage } from "../../bundle/gather-images.ts";
import { type Catalogue, isOwn, parseCatalogue } from "../../images/catalogue.ts";
import { formatReference, parseReference } from "../../oci/reference.ts";
import type { Plan } from "../../plan/model.ts";
import type { Assets } from "../assets.ts";
import { readImageTable } from "../load-plan.ts";

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
