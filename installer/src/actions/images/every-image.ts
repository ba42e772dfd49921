import { type Catalogue, parseCatalogue } from "../../images/catalogue.ts";
import { fullTagged } from "../../oci/reference.ts";
import type { Plan } from "../../plan/model.ts";
import { valuesSections } from "../../plan/values-sections.ts";
import { valuesKeys } from "../../values/values-keys.generated.ts";
import { findWantedImages } from "../bundle/wanted-images.ts";
import {
  anyDomain,
  type LoadPorts,
  type PlanSources,
  listProfiles,
  planOf,
  readImageTable,
  readPlanInputs,
} from "../desired/load-plan.ts";

/** An image that some profile, mode, job or check of the platform can use. */
export interface UsableImage {
  readonly name: string;
  /** In full. */
  readonly reference: string;
  readonly kind: "built" | "third-party";
  readonly licenses: string;
  /** `component postgres`, `job postgres-initialise`; `catalogue` where no plan uses it. */
  readonly reasons: readonly string[];
  /** Why the catalogue does not know its digest. */
  readonly unresolved?: string;
}

/**
 * Every image of the platform: of each profile with all its optional parts on, and of the catalogue.
 * @throws ValuesError, UsageError for a profile that does not exist
 */
export async function findEveryImage(
  request: PlanSources,
  profiles: readonly string[],
  ports: LoadPorts,
): Promise<readonly UsableImage[]> {
  const catalogue = parseCatalogue(ports.assets.readText("images/catalogue.yaml"));
  const found = new Map<string, UsableImage & { readonly reasons: string[] }>();
  for (const plan of await everyPlan(request, profiles, ports)) {
    for (const { name, reference, licenses, reasons } of findWantedImages(plan, ports.assets)) {
      const entry = found.get(fullTagged(reference)) ?? {
        name,
        reference: fullTagged(reference),
        licenses,
        reasons: [],
        ...kindOf(name, reference, catalogue, ports),
      };
      entry.reasons.push(...reasons.filter((reason) => !entry.reasons.includes(reason)));
      found.set(entry.reference, entry);
    }
  }
  for (const [name, { reference, source }] of Object.entries(readImageTable(ports.assets))) {
    const full = fullTagged(reference);
    if (found.has(full)) continue;
    const licenses = catalogue.images[name]?.licenses ?? "unknown";
    const { unresolved } = kindOf(name, reference, catalogue, ports);
    found.set(full, {
      name,
      reference: full,
      kind: source,
      licenses,
      reasons: ["catalogue"],
      ...withReason(unresolved),
    });
  }
  return [...found.values()]
    .map((image) => ({ ...image, reasons: image.reasons.toSorted() }))
    .sort((a, b) => (a.reference < b.reference ? -1 : 1));
}

/**
 * The plan of each profile with everything that can run here running here, whatever was left out or lies elsewhere: more images than one
 * platform has, and some that only another choice has.
 */
export async function everyPlan(
  request: PlanSources,
  profiles: readonly string[],
  ports: LoadPorts,
): Promise<readonly Plan[]> {
  const plans: Plan[] = [];
  for (const profile of profiles.length === 0 ? listProfiles(ports.assets) : profiles) {
    const values = { ...request.values, profile };
    const inputs = await readPlanInputs({ ...request, values }, ports);
    const set = [...values.set, anyDomain, ...allOn()];
    plans.push(planOf({ ...inputs, set, without: [] }, ports.assets).plan);
  }
  return plans;
}

/** `--set` arguments that let every component run here, those too that a highly available platform has elsewhere. */
function allOn(): readonly string[] {
  const sections = valuesSections()
    .filter(({ decided }) => decided === undefined)
    .map(({ key }) => `${key}.mode`);
  const modes = sections.filter((path) => path in valuesKeys).map((path) => `${path}=embedded`);
  return ["availability=single", ...modes];
}

function kindOf(
  name: string,
  reference: string,
  catalogue: Catalogue,
  ports: LoadPorts,
): Pick<UsableImage, "kind" | "unresolved"> {
  const entry = readImageTable(ports.assets)[name];
  // An image named in the values is somebody else's, whatever component it stands in for.
  const isOurs = entry?.source === "built" && fullTagged(entry.reference) === fullTagged(reference);
  const listed = catalogue.images[name];
  const reason = listed?.kind === "third-party" ? listed.reason : undefined;
  return { kind: isOurs ? "built" : "third-party", ...withReason(reason) };
}

function withReason(unresolved: string | undefined): { readonly unresolved?: string } {
  return unresolved === undefined ? {} : { unresolved };
}
