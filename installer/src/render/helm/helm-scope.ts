import { RenderError } from "../../errors/installer-error.ts";
import type { Component, Endpoint, Job, Plan, Volume } from "../../plan/model.ts";
import { type AddressBook, buildAddressBook } from "../addresses.ts";

/** A plan with the look-ups and the naming of one rendering. */
export interface HelmScope {
  readonly plan: Plan;
  /** Components by id, as the plan describes them. */
  readonly components: ReadonlyMap<string, Component>;
  readonly jobs: ReadonlyMap<string, Job>;
  /** How a pod reaches each endpoint. */
  readonly addresses: AddressBook;
}

/** Longest name of an object whose name becomes a DNS label. */
const labelLimit = 63;
/** What these kinds make carries their name and an eleven-character suffix in one label. */
const suffixedLimit = 52;

export function helmScope(plan: Plan): HelmScope {
  return {
    plan,
    components: new Map(plan.components.map((component) => [component.id, component])),
    jobs: new Map(plan.jobs.map((job) => [job.id, job])),
    addresses: buildAddressBook(plan, (component) => objectName(plan, component.id)),
  };
}

/** The volumes that claims are made for. The others hold folders of an image, copied anew for each pod, or are claims of a person's own. */
export function claimsOf({ volumes }: Pick<Component, "volumes">): readonly Volume[] {
  return volumes.filter(({ imageFolder, claim }) => imageFolder === undefined && claim === undefined);
}

/** True when this target runs the component itself. */
export function runsHere(component: Component): boolean {
  return component.workload !== undefined;
}

/**
 * Name of the objects of a component or job.
 * @throws RenderError when Kubernetes would refuse it
 */
export function objectName(plan: Plan, id: string, kind?: "StatefulSet" | "CronJob" | "Deployment"): string {
  const name = `${plan.install.name}-${id}`;
  const limit = kind === "StatefulSet" || kind === "CronJob" ? suffixedLimit : labelLimit;
  if (name.length > limit)
    throw new RenderError(`${id}: its name ${name} has ${name.length} characters, Kubernetes allows ${limit} here`, {
      hint: "choose a shorter install name (--name)",
    });
  if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name))
    throw new RenderError(`${id}: its name ${name} is not a DNS label as Kubernetes demands`);
  return name;
}

/** The component and endpoint behind a reference `component.endpoint`, if this plan has it. */
export function findEndpoint(
  scope: HelmScope,
  ref: string,
): { readonly component: Component; readonly endpoint: Endpoint } | undefined {
  const [id = "", endpointId = ""] = ref.split(".");
  const component = scope.components.get(id);
  const endpoint = component?.endpoints.find((candidate) => candidate.id === endpointId);
  return component === undefined || endpoint === undefined ? undefined : { component, endpoint };
}
