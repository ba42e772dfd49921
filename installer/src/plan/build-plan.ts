import { isDeepStrictEqual } from "node:util";
import { compareText } from "../language/compare-text.ts";
import { InternalError, RenderError } from "../errors/installer-error.ts";
import { mapReference, parseTarget } from "../oci/path-rules.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { resolveAddressing } from "../values/addressing.ts";
import type { Values } from "../values/values.generated.ts";
import { componentDefinitions } from "./components/all.ts";
import { restoreJobs } from "./components/backup.ts";
import { buildVerification } from "./components/verification.ts";
import type { ComponentDefinition, ComponentDraft, ImageTable, JobDraft, Need, Parts, PlanContext } from "./define.ts";
import { outsideJob } from "./groups/outside-services.ts";
import type { Component, Container, Dependency, Image, Job, Plan, PlanSettings, SecretSpec } from "./model.ts";
import { storesOnly } from "./partial-plans.ts";
import { pullSecrets } from "./pull-secrets.ts";
import { sortByDependency } from "./sort-components.ts";
import { isEndpointSlot, slotsOf } from "./text.ts";
import { valuesSections } from "./values-sections.ts";

export interface PlanRequest {
  readonly values: Values;
  readonly images: ImageTable;
  /** Digests that pulls of this install found, by reference in full with tag; the table's win. */
  readonly digests?: ReadonlyMap<string, string>;
  /** Name of the install; `slipway` unless given. */
  readonly name: string;
  readonly profile: string;
  readonly version: string;
  /** A backup that is brought back: the plan is of the stores alone, and of what brings their data back. */
  readonly restore?: RestoreRequest | undefined;
  /** Keep it apart from everything: no port is published, and no network leads out. */
  readonly isolated?: boolean | undefined;
}

/** What becomes of a backup that is brought back. */
export interface RestoreRequest {
  /** Id of the one whose databases are brought back. */
  readonly backup: string;
  /** Id of the one whose repositories, objects and streams are; the same unless named. */
  readonly files?: string;
  /** Databases are brought on to this moment, ISO 8601. */
  readonly moment?: string;
}

/**
 * Builds the plan. Pure: the same request gives the same plan, byte for byte.
 * @throws RenderError when an image is not in the table
 * @throws InternalError when component definitions contradict one another
 */
export function buildPlan(
  request: PlanRequest,
  definitions: readonly ComponentDefinition[] = componentDefinitions,
): Plan {
  const context = buildContext(request, definitions);
  const built = definitions.map((definition) => inProfile(definition, request.profile, definition.build(context)));
  const wires = gather(built, "wires").toSorted(byId);
  const restoring = request.restore === undefined ? [] : restoreJobs(context, request.restore);
  const parts = [
    ...built,
    buildVerification(context, wires),
    { jobs: outsideJob(context, gather(built, "outside")) },
    { jobs: restoring },
  ];
  const routes = gather(parts, "routes");
  const drafts = parts.flatMap((part) => (part.component === undefined ? [] : [part.component]));
  const offered = new Set(drafts.flatMap((draft) => draft.endpoints.map((row) => `${draft.id}.${row.id}`)));
  const jobDrafts = gather(parts, "jobs");
  const through: Through = {
    reaches: routes.flatMap((route) => (route.action.kind === "proxy" ? [route.action.to] : [])),
    needs: gather(parts, "beforeOpening"),
  };
  const settle = needsIn(drafts, jobDrafts);
  const components = drafts.map((draft) => completeComponent(draft, offered, through, settle));
  const jobs = jobDrafts.map((draft) => completeJob(draft, offered, settle));
  const sorted = sortByDependency(components, jobs);
  const plan: Plan = {
    apiVersion: "slipway/v1",
    kind: "Plan",
    install: {
      name: request.name,
      profile: request.profile,
      edition: request.values.edition,
      version: request.version,
    },
    settings: {
      ...settingsOf(context, request.name),
      ...(request.isolated === true ? { isolated: true as const } : {}),
    },
    components: request.isolated === true ? sorted.components.map(unpublished) : sorted.components,
    jobs: sorted.jobs,
    secrets: uniqueSecrets(gather(parts, "secrets")),
    listeners: gather(parts, "listeners").toSorted(byId),
    routes,
    insideKeys: gather(parts, "insideKeys"),
    edgeKeys: gather(parts, "edgeKeys"),
    wires,
  };
  return request.restore === undefined ? plan : storesOnly(plan);
}

function unpublished(component: Component): Component {
  return { ...component, published: [] };
}

/** A component that is off and belongs to other profiles is not told of. */
function inProfile({ profiles }: ComponentDefinition, profile: string, parts: Parts): Parts {
  const { component, ...rest } = parts;
  const isElsewhere = component?.presence === "off" && profiles?.includes(profile) === false;
  return isElsewhere ? rest : parts;
}

function buildContext(request: PlanRequest, definitions: readonly ComponentDefinition[]): PlanContext {
  const { values } = request;
  return {
    name: request.name,
    values,
    addressing: resolveAddressing(values, valuesSections(definitions)),
    databases: definitions.flatMap((row) => row.databases?.(values) ?? []),
    buckets: definitions.flatMap((row) => row.buckets?.(values) ?? []),
    image: (name, override) => findImage(request, name, override),
  };
}

function findImage(request: PlanRequest, name: string, override: string): Image {
  if (override !== "") return { name, reference: override, source: "values" };
  const entry = request.images[name];
  if (entry === undefined)
    throw new RenderError(`no image is known for ${name}`, {
      hint: "regenerate the image table, or name an image in the values",
    });
  const { registry } = request.values.images;
  const reference = registry === "" ? entry.reference : referenceAt(registry, entry.reference);
  // What is built or loaded here is known by its tag, a hash of its inputs; by digest what a registry hands out.
  const isLocal = registry === "" && (entry.source === "built" || entry.local === true);
  const digest = isLocal ? undefined : (entry.digest ?? request.digests?.get(inFull(reference)));
  const isPinned = digest === undefined || reference.includes("@");
  return { name, reference: isPinned ? reference : `${reference}@${digest}`, source: entry.source };
}

/** By the same rules as a push, so that what was pushed is what is pulled. */
function referenceAt(registry: string, reference: string): string {
  return formatReference(mapReference(parseReference(reference), parseTarget(registry), "keep"));
}

function inFull(reference: string): string {
  return formatReference(parseReference(reference));
}

type ListKey = Exclude<keyof Parts, "component">;

function gather<K extends ListKey>(parts: readonly Parts[], key: K): readonly NonNullable<Parts[K]>[number][] {
  return parts.flatMap((part) => (part[key] ?? []) as readonly NonNullable<Parts[K]>[number][]);
}

/** Endpoints named by the slots of a container that this plan offers. Slots with a fallback may name what is not there. */
function slotReaches(container: Container | undefined, offered: ReadonlySet<string>): readonly string[] {
  if (container === undefined) return [];
  const slots = [
    ...container.env.flatMap((row) => slotsOf(row.value)),
    ...container.files.flatMap(({ contents }) => {
      if (contents.kind === "text") return slotsOf(contents.text);
      return contents.kind === "json" ? slotsOf(contents.value) : [];
    }),
  ];
  return slots.filter(isEndpointSlot).flatMap((slot) => {
    if (slot.fallback !== undefined && !offered.has(slot.ref)) return [];
    return [slot.ref];
  });
}

type Settle = (needs: readonly Need[]) => readonly Dependency[];

/** Leaves out what is only waited for where it runs, and does not run here. */
function needsIn(components: readonly ComponentDraft[], jobs: readonly JobDraft[]): Settle {
  const running = new Set(components.filter(({ workload }) => workload !== undefined).map(({ id }) => id));
  const made = new Set(jobs.map(({ id }) => id));
  const isPresent = (need: Need): boolean =>
    need.kind === "healthy" ? running.has(need.component) : made.has(need.job);
  return (needs) =>
    needs
      .filter((need) => need.ifPresent !== true || isPresent(need))
      .map((need) =>
        need.kind === "healthy" ? { kind: need.kind, component: need.component } : { kind: need.kind, job: need.job },
      );
}

/** What goes through the gateway, and what must be so before it opens. */
interface Through {
  readonly reaches: readonly string[];
  readonly needs: readonly Need[];
}

function completeComponent(
  draft: ComponentDraft,
  offered: ReadonlySet<string>,
  through: Through,
  settle: Settle,
): Component {
  const also = draft.role === "gateway" ? through : { reaches: [], needs: [] };
  const refs = [...(draft.reaches ?? []), ...slotReaches(draft.workload?.container, offered), ...also.reaches];
  return {
    volumes: [],
    published: [],
    links: [],
    databases: [],
    buckets: [],
    ...draft,
    needs: settle([...(draft.needs ?? []), ...also.needs]),
    reaches: unique(refs.filter((ref) => !ref.startsWith(`${draft.id}.`))),
  };
}

function completeJob(draft: JobDraft, offered: ReadonlySet<string>, settle: Settle): Job {
  return { ...draft, needs: settle(draft.needs), reaches: unique(slotReaches(draft.container, offered)) };
}

/** Several components may name one secret, but only as the same: which of two would be made must not hang on their order. */
function uniqueSecrets(specs: readonly SecretSpec[]): readonly SecretSpec[] {
  const byName = new Map<string, SecretSpec>();
  for (const spec of specs) {
    const known = byName.get(spec.name);
    if (known !== undefined && !isDeepStrictEqual(known, spec)) {
      throw new InternalError(`the secret ${spec.name} is declared in two ways`, {
        hint: "declare it in one place and name that from both components",
        details: [known, spec].map((row) => JSON.stringify(row)),
      });
    }
    byName.set(spec.name, spec);
  }
  return [...byName.values()].toSorted((a, b) => compareText(a.name, b.name));
}

function settingsOf(context: PlanContext, name: string): PlanSettings {
  const { values, addressing } = context;
  return {
    timezone: values.timezone,
    domain: values.domain,
    addressing: addressing.kind,
    bindAddress: addressing.bindAddress,
    tls: addressing.tls,
    mainUrl: addressing.mainUrl,
    logs: values.logging,
    ...(values.dataDir === "" ? {} : { dataDir: values.dataDir }),
    pullPolicy: values.images.pullPolicy,
    ...(values.availability === "high" ? { severalMachines: true as const } : {}),
    cluster: {
      ...values.cluster,
      namespace: values.cluster.namespace === "" ? name : values.cluster.namespace,
      imagePullSecrets: pullSecrets(values, name),
    },
  };
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return compareText(a.id, b.id);
}
