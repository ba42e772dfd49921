import { InternalError, RenderError } from "../../errors/installer-error.ts";
import type { Component, Job, Plan, Workload } from "../../plan/model.ts";
import type { RenderedFile } from "../rendered-file.ts";
import { toYamlText } from "../yaml-text.ts";
import { egressOf, ingressOf, type Caller } from "./helm-edges.ts";
import {
  checkJobName,
  configHash,
  jobsInPod,
  markerOf,
  orderOf,
  runsInPod,
  stepImage,
  type Order,
} from "./helm-pods.ts";
import type { HelmRendering, HelmSecret } from "./helm-rendering.ts";
import { helmListener, helmRoutes, routedExternals } from "./helm-routes.ts";
import { claimsOf, helmScope, objectName, runsHere, type HelmScope } from "./helm-scope.ts";
import { gatewaySecret } from "./helm-tls.ts";
import { helmUnit, type UnitParts } from "./helm-unit.ts";
import type { HelmComponent, HelmJob, HelmPort, HelmValues } from "./helm-values.ts";
import { withoutEdgeKeys } from "./without-edge-keys.ts";

const marker =
  "# Written by slipway from the values file; change that and render again. Data for the chart charts/platform.\n";

/**
 * Renders a plan for Kubernetes: data for the generic chart, and the Secrets that must exist before it is applied.
 * @throws RenderError naming the component and the field that Kubernetes cannot express
 */
export function renderHelm(whole: Plan): HelmRendering {
  const plan = withoutEdgeKeys(whole);
  const scope = helmScope(plan);
  const jobs = plan.jobs.filter((job) => !runsInPod(job)).map((job) => jobDraft(scope, job));
  const components = plan.components.filter(runsHere).map((component) => componentDraft(scope, component));
  const callers = [...components, ...jobs].map((draft) => draft.caller);
  const values: HelmValues = {
    install: { name: plan.install.name, profile: plan.install.profile, version: plan.install.version },
    pullPolicy: ({ missing: "IfNotPresent", always: "Always", never: "Never" } as const)[plan.settings.pullPolicy],
    secretDigests: {},
    components: components.map((draft) => helmComponent(scope, draft, callers)),
    jobs: jobs.map((draft) => helmJob(scope, draft)),
    externals: routedExternals(scope),
    listeners: plan.listeners.map(helmListener),
    routes: helmRoutes(scope),
  };
  const secrets = [
    ...components.flatMap((draft) => draft.units.flatMap((parts) => parts.secrets)),
    ...jobs.flatMap((draft) => draft.parts.secrets),
    ...gatewaySecret(scope),
  ];
  return {
    files: [valuesFile(values), ...secrets.flatMap(secretFiles)],
    values,
    release: plan.install.name,
    secrets,
    markers: jobs
      .filter(({ job }) => job.trigger === "bring-up")
      .map(({ job }) => ({ job: job.id, configMap: markerOf(plan, job) })),
  };
}

/** The same rendering with a keyed digest of each unit's secrets in its values, so that a rotated secret starts new pods. */
export function withSecretDigests(rendering: HelmRendering, digests: Readonly<Record<string, string>>): HelmRendering {
  const values = { ...rendering.values, secretDigests: digests };
  return { ...rendering, values, files: [valuesFile(values), ...rendering.files.slice(1)] };
}

function valuesFile(values: HelmValues): RenderedFile {
  return { path: "values.yaml", contents: [marker + toYamlText(values)], secret: false };
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
    parts: helmUnit(scope, { id: job.id, container: job.container }),
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
  const owners = [{ id: component.id, container: workload.container }, ...inPod];
  const needs = [...component.needs, ...inPod.flatMap((job) => job.needs)];
  const order = orderOf(scope, component.id, needs);
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
  const claims = claimsOf(component);
  const kind = claims.length > 0 ? "StatefulSet" : "Deployment";
  objectName(scope.plan, component.id, kind);
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
    volumes: claims.map(({ name, sizeGiB, dataClass }) => ({ name, sizeGiB, dataClass })),
    stepImage: stepImage(scope, workload.container, { ...order, volumes: claims.length }),
    unit: own.unit,
    configHash: configHash(draft.units),
    init: inPod.map((parts) => parts.unit),
    ...imageFolders(component, workload),
    ...order,
    egress: egressOf(scope, caller),
    ingress: ingressOf(scope, component, callers),
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

function helmJob(scope: HelmScope, { job, parts, order, caller }: JobDraft): HelmJob {
  return {
    id: job.id,
    component: job.component,
    deadlineSeconds: job.deadlineSeconds,
    trigger: job.trigger,
    stepImage: stepImage(scope, job.container, { ...order, volumes: 0 }),
    unit: parts.unit,
    configHash: configHash([parts]),
    ...order,
    egress: egressOf(scope, caller),
  };
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
