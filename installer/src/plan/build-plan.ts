import { RenderError } from "../errors/installer-error.ts";
import { compareText } from "../language/compare-text.ts";
import { mapReference, parseTarget } from "../oci/path-rules.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { resolveAddressing } from "../values/addressing.ts";
import type { Values } from "../values/values.generated.ts";
import { carriesRoutes } from "./carries-routes.ts";
import { componentDefinitions } from "./components/all.ts";
import { buildVerification } from "./components/verification.ts";
import type { ComponentDefinition, ComponentDraft, ImageTable, JobDraft, Parts, PlanContext } from "./define.ts";
import type { Component, Container, Image, Job, Plan, PlanSettings, SecretSpec } from "./model.ts";
import { sortByDependency } from "./sort-components.ts";
import { isEndpointSlot, slotsOf } from "./text.ts";

export interface PlanRequest {
  readonly values: Values;
  readonly images: ImageTable;
  /** Digests that pulls of this install found, by reference in full with tag; the table's win. */
  readonly digests?: ReadonlyMap<string, string>;
  /** Name of the install; `slipway` unless given. */
  readonly name: string;
  readonly profile: string;
  readonly version: string;
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
  const built = definitions.map((definition) => definition.build(context));
  const wires = gather(built, "wires").toSorted(byId);
  const parts = [...built, buildVerification(context, wires)];
  const routes = gather(parts, "routes");
  const drafts = parts.flatMap((part) => (part.component === undefined ? [] : [part.component]));
  const offered = new Set(drafts.flatMap((draft) => draft.endpoints.map((row) => `${draft.id}.${row.id}`)));
  const gatewayReaches = routes.flatMap((route) => (route.action.kind === "proxy" ? [route.action.to] : []));
  const components = drafts.map((draft) =>
    completeComponent(context, draft, offered, carriesRoutes(draft) ? gatewayReaches : []),
  );
  const jobs = gather(parts, "jobs").map((draft) => completeJob(draft, offered));
  const sorted = sortByDependency(components, jobs);
  return {
    apiVersion: "slipway/v1",
    kind: "Plan",
    install: {
      name: request.name,
      profile: request.profile,
      edition: request.values.edition,
      version: request.version,
    },
    settings: settingsOf(context),
    components: sorted.components,
    jobs: sorted.jobs,
    secrets: uniqueSecrets(gather(parts, "secrets")),
    listeners: gather(parts, "listeners").toSorted(byId),
    routes,
    wires,
  };
}

function buildContext(request: PlanRequest, definitions: readonly ComponentDefinition[]): PlanContext {
  const { values } = request;
  return {
    values,
    addressing: resolveAddressing(values),
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

type ListKey = "jobs" | "secrets" | "listeners" | "routes" | "wires";

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

function completeComponent(
  context: PlanContext,
  draft: ComponentDraft,
  offered: ReadonlySet<string>,
  also: readonly string[],
): Component {
  const own = (refs: readonly string[]): readonly string[] =>
    unique(refs.filter((ref) => !ref.startsWith(`${draft.id}.`)));
  const store = (row: { readonly name: string; readonly usedBy: readonly string[] }) => ({
    name: row.name,
    dataClass: "backup" as const,
    usedBy: row.usedBy,
  });
  return {
    needs: [],
    volumes: [],
    published: [],
    links: [],
    ...draft,
    reaches: own([...(draft.reaches ?? []), ...slotReaches(draft.workload?.container, offered), ...also]),
    databases: draft.id === "postgres" ? context.databases.map(store) : [],
    buckets: draft.id === "minio" ? context.buckets.map(store) : [],
  };
}

function completeJob(draft: JobDraft, offered: ReadonlySet<string>): Job {
  return { ...draft, reaches: unique(slotReaches(draft.container, offered)) };
}

function uniqueSecrets(specs: readonly SecretSpec[]): readonly SecretSpec[] {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  return [...byName.values()].toSorted((a, b) => compareText(a.name, b.name));
}

function settingsOf(context: PlanContext): PlanSettings {
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
  };
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return compareText(a.id, b.id);
}
