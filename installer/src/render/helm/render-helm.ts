import { InternalError, RenderError } from "../../errors/installer-error.ts";
import type { Component, Job, Plan, Workload } from "../../plan/model.ts";
import { hash } from "node:crypto";
import type { RenderedFile } from "../rendered-file.ts";
import { storesOf, type Unit } from "../rendering.ts";
import { toYamlText } from "../yaml-text.ts";
import { chartFiles } from "./chart.generated.ts";
import { isShared, runsInPod, uniqueClaims } from "./helm-claims.ts";
import { helmCluster } from "./helm-cluster.ts";
import { callsGateway, egressOf, ingressOf, publishedHere, type Caller } from "./helm-edges.ts";
import { doorsBehind, helmListeners, publicNames } from "./helm-gateway.ts";
import { checkJobName, configHash, jobsInPod, markerOf, markOf, orderOf, stepImage, type Order } from "./helm-pods.ts";
import type { HelmRendering, HelmSecret, SecretDigests } from "./helm-rendering.ts";
import { claimsOf, helmScope, objectName, runsHere, type HelmScope } from "./helm-scope.ts";
import { gatewaySecret } from "./helm-tls.ts";
import { helmUnit, type UnitParts } from "./helm-unit.ts";
import type { HelmClaim, HelmComponent, HelmJob, HelmPod, HelmPort, HelmValues } from "./helm-values.ts";

const marker =
  "# Written by slipway from the values file; change that and render again. Data for the chart charts/platform.\n";

/** What the chart makes of data is part of what a unit is. */
const templatesHash = shortHash(
  Object.entries(chartFiles).filter(([path]) => /^templates\/.*\.(tpl|yaml)$/.test(path)),
);

/**
 * Renders a plan for Kubernetes: data for the generic chart, the chart, and the Secrets that must exist before it is applied. Pure.
 * @throws RenderError naming the component and the field that Kubernetes cannot express
 */
export function renderHelm(plan: Plan): HelmRendering {
  const scope = helmScope(plan);
  const jobs = plan.jobs.filter((job) => !runsInPod(plan, job)).map((job) => jobDraft(scope, job));
  const components = plan.components.filter(runsHere).map((component) => componentDraft(scope, component));
  const callers = [...components, ...jobs].map((draft) => draft.caller);
  const claims = [...components.flatMap(({ units }) => units), ...jobs.map(({ parts }) => parts)].flatMap(
    (parts) => parts.claims,
  );
  const values: HelmValues = {
    install: { name: plan.install.name, profile: plan.install.profile, version: plan.install.version },
    pullPolicy: ({ missing: "IfNotPresent", always: "Always", never: "Never" } as const)[plan.settings.pullPolicy],
    cluster: helmCluster(plan.settings.cluster),
    secretDigests: {},
    components: components.map((draft) => withSpecHash(scope, helmComponent(scope, draft, { callers, claims }))),
    jobs: jobs.map((draft) => withSpecHash(scope, helmJob(scope, draft))),
    publicNames: publicNames(plan),
    listeners: helmListeners(plan),
  };
  const secrets = [
    ...components.flatMap((draft) => draft.units.flatMap((parts) => parts.secrets)),
    ...jobs.flatMap((draft) => draft.parts.secrets),
    ...gatewaySecret(scope),
  ];
  return {
    files: [valuesFile(values), ...chart, ...secrets.flatMap(secretFiles)],
    units: unitsOf(scope, values, secrets),
    stores: storesOf(plan),
    values,
    release: plan.install.name,
    secrets,
    markers: jobs
      .filter(({ job }) => job.trigger === "bring-up")
      .map(({ job }) => ({ job: job.id, configMap: markerOf(plan, job) })),
  };
}

/** The same rendering with a keyed digest of each unit's secrets in its values, so that a rotated secret starts new pods. */
export function withSecretDigests(rendering: HelmRendering, digests: SecretDigests): HelmRendering {
  const values = { ...rendering.values, secretDigests: digests };
  return { ...rendering, values, files: [valuesFile(values), ...rendering.files.slice(1)] };
}

function valuesFile(values: HelmValues): RenderedFile {
  return { path: "values.yaml", contents: [marker + toYamlText(values)], secret: false };
}

const chart: readonly RenderedFile[] = Object.entries(chartFiles).map(([path, text]) => ({
  path: `chart/${path}`,
  contents: [text],
  secret: false,
}));

function withSpecHash<Part extends Omit<HelmComponent, "specHash"> | Omit<HelmJob, "specHash">>(
  { plan }: HelmScope,
  part: Part,
): Part & { readonly specHash: string } {
  return { ...part, specHash: specHash(plan, part) };
}

function specHash({ install, settings }: Plan, part: unknown): string {
  return shortHash([templatesHash, install.name, settings.pullPolicy, helmCluster(settings.cluster), part]);
}

function shortHash(value: unknown): string {
  return hash("sha256", JSON.stringify(value)).slice(0, 32);
}

/** A component's pod reads the secrets of the jobs that run in it, too. */
function unitsOf(scope: HelmScope, values: HelmValues, secrets: readonly HelmSecret[]): readonly Unit[] {
  const pathsOf = (ids: readonly string[]): readonly string[] =>
    secrets.filter(({ unit }) => ids.includes(unit)).flatMap((secret) => secretFiles(secret).map(({ path }) => path));
  const services = values.components.map(
    ({ id, unit, init, specHash }): Unit => ({
      id,
      role: "service",
      image: unit.image,
      specHash,
      filePaths: pathsOf([id, ...init.map((row) => row.id)]),
    }),
  );
  const inPods = values.components.flatMap(({ init }) =>
    init.map((unit) => ({ id: unit.id, unit, specHash: specHash(scope.plan, unit) })),
  );
  const jobs = new Map([...inPods, ...values.jobs].map((row) => [row.id, row]));
  return [
    ...services,
    ...scope.plan.jobs.flatMap(({ id }): readonly Unit[] => {
      const job = jobs.get(id);
      return job === undefined
        ? []
        : [{ id, role: "job", image: job.unit.image, specHash: job.specHash, filePaths: pathsOf([id]) }];
    }),
  ];
}

/** A Secret as a directory of its keys, as `kubectl create secret --from-file` takes it. */
function secretFiles({ name, entries }: HelmSecret): readonly RenderedFile[] {
  return entries.map(({ key, contents }) => ({ path: `secrets/${name}/${key}`, contents, secret: true }));
}

interface JobDraft {
  readonly job: Job;
  readonly parts: UnitParts;
  readonly order: Order;
  readonly caller: Caller;
}

function jobDraft(scope: HelmScope, job: Job): JobDraft {
  checkJobName(scope.plan, job);
  const order = orderOf(scope, job.id, job.needs);
  return {
    job,
    parts: helmUnit(scope, { id: job.id, container: job.container, place: { owner: job.component } }),
    order,
    caller: { id: job.id, reaches: job.reaches, waits: order.waits },
  };
}

interface ComponentDraft {
  readonly component: Component;
  readonly workload: Workload;
  /** The component's own container first, then the jobs that run in its pod. */
  readonly units: readonly UnitParts[];
  readonly order: Order;
  readonly caller: Caller;
}

function componentDraft(scope: HelmScope, component: Component): ComponentDraft {
  const { workload } = component;
  if (workload === undefined) throw new InternalError(`${component.id} has no workload`);
  const inPod = jobsInPod(scope, component);
  const place = { owner: component.id, pod: component.id };
  const owners = [{ id: component.id, container: workload.container }, ...inPod];
  const needs = [...component.needs, ...inPod.flatMap((job) => job.needs)];
  const order = orderOf(scope, component.id, needs);
  const reaches = [...component.reaches, ...inPod.flatMap((job) => job.reaches)];
  return {
    component,
    workload,
    units: owners.map(({ id, container }) => helmUnit(scope, { id, container, place })),
    order,
    caller: { id: component.id, reaches, waits: order.waits },
  };
}

function helmComponent(
  scope: HelmScope,
  draft: ComponentDraft,
  others: { readonly callers: readonly Caller[]; readonly claims: readonly HelmClaim[] },
): Omit<HelmComponent, "specHash"> {
  const { component, workload, order, caller } = draft;
  const [own, ...inPod] = draft.units;
  if (own === undefined) throw new InternalError(`${component.id} has no container`);
  const claims = claimsOf(component);
  const named = uniqueClaims(draft.units.map((parts) => parts.claims));
  const kind = claims.length > 0 ? "StatefulSet" : "Deployment";
  objectName(scope.plan, component.id, kind);
  rejectStopSignal(component.id, workload);
  return {
    id: component.id,
    kind,
    zone: component.zone,
    replicas: workload.replicas,
    ...autoscaleOf(workload),
    update: workload.update,
    stopSeconds: workload.stopSeconds,
    ports: [...portsOf(component), ...doorPorts(scope.plan, component)],
    published: publishedHere(scope.plan, component).map(({ hostPort, containerPort }) => ({
      port: hostPort,
      targetPort: containerPort,
    })),
    probes: { ready: workload.health.ready, live: workload.health.live, startSeconds: workload.health.startSeconds },
    volumes: claims.map(({ name, sizeGiB, dataClass }) => ({ name, sizeGiB, dataClass })),
    stepImage: stepImage(scope, workload.container, { ...order, volumes: claims.length + named.length }),
    unit: own.unit,
    configHash: configHash(draft.units),
    init: inPod.map((parts) => parts.unit),
    ...imageFolders(component, workload),
    ...namedClaims(named),
    ...(isShared(component, others.claims) ? { shared: true } : {}),
    ...order,
    callsGateway: callsGateway(scope, caller),
    egress: egressOf(scope, caller),
    ingress: ingressOf(scope, component, others.callers),
  };
}

/** Of its limit, what a pod may use before another one is added: where one of two is lost, the other can do the work of both. */
const busyShare = 0.5;

function autoscaleOf({ maxReplicas, container }: Workload): Pick<HelmComponent, "autoscale"> {
  if (maxReplicas === undefined) return {};
  return {
    autoscale: { max: maxReplicas, cpuMilli: Math.max(1, Math.floor(container.resources.cpus * 1000 * busyShare)) },
  };
}

function imageFolders(component: Component, { container }: Workload): Pick<HelmComponent, "imageFolders"> {
  const folders = component.volumes.flatMap(({ name, sizeGiB, imageFolder }) =>
    imageFolder === undefined
      ? []
      : [{ volume: name, sizeGiB, image: container.image.reference, job: imageFolder.job }],
  );
  return folders.length === 0 ? {} : { imageFolders: folders };
}

function namedClaims(claims: readonly HelmClaim[]): Pick<HelmPod, "claims"> {
  return claims.length === 0 ? {} : { claims };
}

function helmJob(scope: HelmScope, { job, parts, order, caller }: JobDraft): Omit<HelmJob, "specHash"> {
  const named = uniqueClaims([parts.claims]);
  return {
    id: job.id,
    component: job.component,
    deadlineSeconds: job.deadlineSeconds,
    trigger: job.trigger,
    stepImage: stepImage(scope, job.container, { ...order, volumes: named.length }),
    unit: parts.unit,
    configHash: configHash([parts]),
    ...namedClaims(named),
    ...order,
    callsGateway: callsGateway(scope, caller),
    egress: egressOf(scope, caller),
    ...(job.trigger === "request" ? {} : { mark: markOf(scope, job) }),
  };
}

/** Ports of the gateway that stand open for one of the cluster. */
function doorPorts(plan: Plan, { role }: Component): readonly HelmPort[] {
  const doors = role === "gateway" ? doorsBehind(plan) : undefined;
  return [...(doors?.ports ?? [])].map(([port, door]) => ({ name: `door-${port}`, port: door }));
}

/** One port per number: a Service refuses the same port twice, whatever its names. */
function portsOf(component: Component): readonly HelmPort[] {
  return component.endpoints
    .filter((endpoint, index, all) => all.findIndex((other) => other.port === endpoint.port) === index)
    .map((endpoint) => {
      const name = endpoint.id.toLowerCase();
      if (!/^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/.test(name))
        throw new RenderError(
          `${component.id}: endpoints: ${endpoint.id} cannot name a port (15 lower-case letters, digits and dashes)`,
        );
      return { name, port: endpoint.port };
    });
}

/** Kubernetes sends the signal that the image names; images of ours name the right one. */
function rejectStopSignal(id: string, workload: Workload): void {
  if (workload.stopSignal !== undefined && workload.container.image.source !== "built")
    throw new RenderError(
      `${id}: stopSignal: Kubernetes takes it from the image, and ${workload.container.image.reference} is not ours`,
    );
}
