import { InternalError, RenderError } from "../../errors/installer-error.ts";
import type { Component, Job, Plan, Workload } from "../../plan/model.ts";
import type { RenderedFile } from "../rendered-file.ts";
import { toYamlText } from "../yaml-text.ts";
import { egressOf, ingressOf, type Caller } from "./helm-edges.ts";
import { configHash, jobObjectName, jobsInPod, orderOf, runsInPod, type Order } from "./helm-pods.ts";
import type { HelmRendering, HelmSecret } from "./helm-rendering.ts";
import { helmListener, helmRoute, routedExternals } from "./helm-routes.ts";
import { helmScope, objectName, runsHere, type HelmScope } from "./helm-scope.ts";
import { gatewaySecret } from "./helm-tls.ts";
import { helmUnit, type UnitParts } from "./helm-unit.ts";
import type { HelmComponent, HelmJob, HelmPort, HelmValues } from "./helm-values.ts";

const marker =
  "# Written by slipway from the values file; change that and render again. Data for the chart charts/platform.\n";

/**
 * Renders a plan for Kubernetes: data for the generic chart, and the Secrets that must exist before it is applied.
 * @throws RenderError naming the component and the field that Kubernetes cannot express
 */
export function renderHelm(plan: Plan): HelmRendering {
  const scope = helmScope(plan);
  const jobs = plan.jobs.filter((job) => !runsInPod(job)).map((job) => jobDraft(scope, job));
  const markerOf = (job: Job): string => markerName(jobs, job);
  const components = plan.components.filter(runsHere).map((component) => componentDraft(scope, component, markerOf));
  const ordered = jobs.map((draft) => ({ ...draft, order: orderOf(scope, draft.job.id, draft.job.needs, markerOf) }));
  const callers = [...components.map((draft) => draft.caller), ...ordered.map(jobCaller)];
  const values: HelmValues = {
    install: { name: plan.install.name, profile: plan.install.profile, version: plan.install.version },
    pullPolicy: ({ missing: "IfNotPresent", always: "Always", never: "Never" } as const)[plan.settings.pullPolicy],
    waiterImage: waiterImage(plan, [...components, ...ordered]),
    components: components.map((draft) => helmComponent(scope, draft, callers)),
    jobs: ordered.map((draft) => helmJob(scope, draft)),
    externals: routedExternals(scope),
    listeners: plan.listeners.map(helmListener),
    routes: plan.routes.map((route) => helmRoute(scope, route)),
  };
  const secrets = [
    ...components.flatMap((draft) => draft.units.flatMap((parts) => parts.secrets)),
    ...jobs.flatMap((draft) => draft.parts.secrets),
    ...gatewaySecret(scope),
  ];
  return {
    files: [
      { path: "values.yaml", contents: [marker + toYamlText(values)], secret: false },
      ...secrets.flatMap(secretFiles),
    ],
    release: plan.install.name,
    secrets,
    markers: jobs
      .filter(({ job }) => job.trigger === "bring-up")
      .map(({ job, name }) => ({ job: job.id, configMap: `${name}-done` })),
  };
}

/** A Secret as a directory of its keys, as `kubectl create secret --from-file` takes it. */
function secretFiles({ name, entries }: HelmSecret): readonly RenderedFile[] {
  return entries.map(({ key, contents }) => ({ path: `secrets/${name}/${key}`, contents, secret: true }));
}

interface JobDraft {
  readonly job: Job;
  readonly name: string;
  readonly parts: UnitParts;
}

function jobDraft(scope: HelmScope, job: Job): JobDraft {
  const parts = helmUnit(scope, { id: job.id, container: job.container });
  return { job, name: jobObjectName(scope, job, parts.unit, parts.secrets), parts };
}

function markerName(jobs: readonly JobDraft[], job: Job): string {
  const draft = jobs.find((candidate) => candidate.job.id === job.id);
  if (draft === undefined) throw new InternalError(`no job ${job.id} in the rendering`);
  if (job.trigger === "request")
    throw new RenderError(`${job.id}: it only runs when asked for, so nothing can wait for it to complete`);
  return `${draft.name}-done`;
}

interface ComponentDraft {
  readonly component: Component;
  readonly workload: Workload;
  /** The component's own container first, then the jobs that run in its pod. */
  readonly units: readonly UnitParts[];
  readonly order: Order;
  readonly caller: Caller;
}

function componentDraft(scope: HelmScope, component: Component, markerOf: (job: Job) => string): ComponentDraft {
  const { workload } = component;
  if (workload === undefined) throw new InternalError(`${component.id} has no workload`);
  const inPod = jobsInPod(scope, component);
  const owners = [{ id: component.id, container: workload.container }, ...inPod];
  const needs = [...component.needs, ...inPod.flatMap((job) => job.needs)];
  const order = orderOf(scope, component.id, needs, markerOf);
  const reaches = [...component.reaches, ...inPod.flatMap((job) => job.reaches)];
  return {
    component,
    workload,
    units: owners.map((owner) => helmUnit(scope, owner)),
    order,
    caller: { id: component.id, reaches, waits: order.waits },
  };
}

function helmComponent(scope: HelmScope, draft: ComponentDraft, callers: readonly Caller[]): HelmComponent {
  const { component, workload, order, caller } = draft;
  const [own, ...inPod] = draft.units;
  if (own === undefined) throw new InternalError(`${component.id} has no container`);
  const kind = component.volumes.length > 0 ? "StatefulSet" : "Deployment";
  objectName(scope.plan, component.id, { statefulSet: kind === "StatefulSet" });
  rejectStopSignal(component.id, workload);
  return {
    id: component.id,
    kind,
    zone: component.zone,
    replicas: workload.replicas,
    update: workload.update,
    stopSeconds: workload.stopSeconds,
    ports: portsOf(component),
    published: component.published.map(({ hostPort, containerPort }) => ({
      port: hostPort,
      targetPort: containerPort,
    })),
    probes: { ready: workload.health.ready, live: workload.health.live, startSeconds: workload.health.startSeconds },
    volumes: component.volumes.map(({ name, sizeGiB, dataClass }) => ({ name, sizeGiB, dataClass })),
    unit: own.unit,
    configHash: configHash(draft.units),
    init: inPod.map((parts) => parts.unit),
    ...order,
    egress: egressOf(scope, caller),
    ingress: ingressOf(scope, component, callers),
  };
}

function helmJob(scope: HelmScope, draft: JobDraft & { readonly order: Order }): HelmJob {
  const { job, name, parts, order } = draft;
  return {
    id: job.id,
    name,
    component: job.component,
    deadlineSeconds: job.deadlineSeconds,
    trigger: job.trigger,
    unit: parts.unit,
    configHash: configHash([parts]),
    ...order,
    egress: egressOf(scope, jobCaller(draft)),
  };
}

function jobCaller({ job, order }: { readonly job: Job; readonly order: Order }): Caller {
  return { id: job.id, reaches: job.reaches, waits: order.waits };
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

/**
 * Waiting needs our probe: the smallest choice is an image that a job of this plan uses anyway.
 * @throws RenderError when something waits and no image of the plan is ours
 */
function waiterImage(plan: Plan, pods: readonly { readonly order: Order }[]): string {
  const containers = [
    ...plan.jobs.filter((job) => !runsInPod(job)).map((job) => job.container),
    ...plan.components.flatMap((component) => component.workload?.container ?? []),
  ];
  const own = containers.find((container) => container.image.source === "built");
  const waits = pods.some(({ order }) => order.waits.length > 0 || order.after.length > 0);
  if (own === undefined && waits)
    throw new RenderError("needs: waiting takes an image of ours, and this plan has none");
  return own?.image.reference ?? "";
}
