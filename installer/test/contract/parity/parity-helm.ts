import type { HelmRendering } from "../../../src/render/helm/helm-rendering.ts";
import type { KubernetesObject } from "../../../src/render/hardening/hardening-input.ts";
import { renderedFileToString } from "../../../src/render/rendered-file.ts";
import { expandDollars } from "../kubernetes-strings.ts";
import type { ParityUnit, ParityUnits } from "./parity-unit.ts";

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: number };
  readonly tcpSocket?: { readonly port: number };
  readonly exec?: { readonly command: readonly string[] };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: {
      readonly configMapKeyRef?: { readonly name: string };
      readonly secretKeyRef?: { readonly name: string; readonly key: string };
    };
  }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
  readonly resources: { readonly limits: { readonly cpu: string; readonly memory: string } };
  readonly securityContext: {
    readonly runAsUser: number;
    readonly runAsGroup: number;
    readonly readOnlyRootFilesystem: boolean;
  };
  readonly ports?: readonly { readonly name: string; readonly containerPort: number; readonly hostPort?: number }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken?: boolean;
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames: readonly string[] }[];
  readonly initContainers?: readonly ContainerSpec[];
  readonly containers: readonly ContainerSpec[];
  readonly terminationGracePeriodSeconds?: number;
  readonly volumes?: readonly {
    readonly name: string;
    readonly configMap?: { readonly name: string; readonly optional?: boolean };
    readonly secret?: { readonly secretName: string };
    readonly emptyDir?: { readonly sizeLimit: string; readonly medium?: string };
    readonly image?: { readonly reference: string };
    readonly persistentVolumeClaim?: { readonly claimName: string };
    readonly projected?: {
      readonly sources: readonly {
        readonly configMap?: { readonly name: string };
        readonly serviceAccountToken?: { readonly path: string };
      }[];
    };
  }[];
}

interface Sources {
  /** ConfigMaps and Secrets by name, then key. */
  readonly texts: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly published: ReadonlyMap<string, readonly string[]>;
  /** Pods of jobs by the marker that says they have completed. */
  readonly jobPods: ReadonlyMap<string, PodSpec>;
  readonly plainHosts: (text: string) => string;
}

/** Units of what `helm template` printed; object names of the release read as component ids, as Compose has them. */
export function helmUnits(objects: readonly KubernetesObject[], rendering: HelmRendering): ParityUnits {
  const pods = objects.flatMap((object) => podOf(object));
  // What is called by its name has a Service; a job is called by nobody.
  const ids = objects.flatMap(({ kind, metadata }) =>
    kind === "Service" ? [metadata.name.slice(rendering.release.length + 1)] : [],
  );
  const names = new RegExp(
    `\\b${rendering.release}-(${[...ids].sort((a, b) => b.length - a.length).join("|")})(?:\\$inside)?(?=[:/"\\s]|$)`,
    "g",
  );
  const sources: Sources = {
    texts: textsOf(objects, rendering),
    published: publishedOf(objects),
    jobPods: new Map(
      pods.flatMap(({ object, spec }) => (object.kind === "Job" ? [[markerOf(object, rendering), spec] as const] : [])),
    ),
    plainHosts: (text) => text.replace(names, "$1"),
  };
  return new Map(pods.flatMap(({ object, spec, form }) => podUnits(object, spec, form, sources)));
}

function markerOf(object: KubernetesObject, rendering: HelmRendering): string {
  const id = object.metadata.labels?.["app.kubernetes.io/name"];
  return rendering.markers.find((marker) => marker.job === id)?.configMap ?? "none";
}

interface Pod {
  readonly object: KubernetesObject;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  readonly form: ParityUnit["form"];
}

interface PodTemplate {
  readonly metadata: Pick<Pod, "labels" | "annotations">;
  readonly spec: PodSpec;
}

/** The pod template of a workload object. */
export function podOf(object: KubernetesObject): readonly Pod[] {
  const forms = { Deployment: "service", StatefulSet: "service", Job: "job", CronJob: "request" } as const;
  if (!(object.kind in forms)) return [];
  const form = forms[object.kind as keyof typeof forms];
  const outer = object["spec"] as {
    readonly template: PodTemplate;
    readonly jobTemplate?: { readonly spec: { readonly template: PodTemplate } };
  };
  const { metadata, spec } = outer.jobTemplate?.spec.template ?? outer.template;
  return [{ object, ...metadata, spec, form }];
}

function podUnits(
  object: KubernetesObject,
  spec: PodSpec,
  form: ParityUnit["form"],
  sources: Sources,
): readonly (readonly [string, ParityUnit])[] {
  const steps = (spec.initContainers ?? []).filter(
    ({ name }) => !["after-jobs", "own-volumes"].includes(name) && !name.startsWith("wait-"),
  );
  return [
    ...steps.map((container) => {
      // The last step of a job's pod is the job; what follows says that it has completed.
      const isJob = object.kind === "Job" && container === steps.at(-1);
      return [container.name, unitOf(container, spec, isJob ? "job" : "init", sources, undefined)] as const;
    }),
    ...(object.kind === "Job" ? [] : spec.containers).map((container) => {
      const service = form === "service" ? serviceOf(container, spec, object, sources) : undefined;
      return [container.name, unitOf(container, spec, form, sources, service)] as const;
    }),
  ];
}

function unitOf(
  container: ContainerSpec,
  spec: PodSpec,
  form: ParityUnit["form"],
  sources: Sources,
  service: ParityUnit["service"],
): ParityUnit {
  const mounts = (container.volumeMounts ?? []).map((mount) => ({
    ...mount,
    volume: spec.volumes?.find(({ name }) => name === mount.name),
  }));
  const { limits } = container.resources;
  return {
    form,
    image: container.image,
    entrypoint: (container.command ?? []).map(expandDollars),
    command: (container.args ?? []).map(expandDollars),
    uid: `${container.securityContext.runAsUser}:${container.securityContext.runAsGroup}`,
    env: Object.fromEntries(
      (container.env ?? []).map(({ name, value, valueFrom }) => [
        name,
        sources.plainHosts(expandDollars(value ?? secretText(valueFrom?.secretKeyRef, sources))),
      ]),
    ),
    files: Object.fromEntries(
      mounts.flatMap(({ volume, mountPath, subPath }) => {
        const source = volume?.configMap?.name ?? volume?.secret?.secretName;
        return source === undefined || volume?.configMap?.optional === true
          ? []
          : [[mountPath, sources.plainHosts(sources.texts.get(source)?.[subPath ?? ""] ?? "missing")]];
      }),
    ),
    // As a whole folder: single files would not follow what is written there.
    notices: mounts.find(({ volume, subPath }) => volume?.configMap?.optional === true && subPath === undefined)
      ?.mountPath,
    scratch: Object.fromEntries(
      mounts.flatMap(({ volume, mountPath }) =>
        volume?.emptyDir?.medium === undefined
          ? []
          : [[mountPath, { mebibytes: Number.parseInt(volume.emptyDir.sizeLimit, 10), options: "memory" }]],
      ),
    ),
    volumes: Object.fromEntries(
      mounts.flatMap(({ volume, mountPath, name }) =>
        // A claim that the pod names is called by its owner, too, as every volume is on Compose.
        volume?.persistentVolumeClaim !== undefined
          ? [[mountPath, name.slice(name.lastIndexOf("-") + 1)]]
          : // A claim, or what holds a copied folder of an image.
            volume === undefined || (volume.emptyDir !== undefined && volume.emptyDir.medium === undefined)
            ? [[mountPath, name]]
            : [],
      ),
    ),
    cpus: Number.parseInt(limits.cpu, 10) / 1000,
    mebibytes: Number.parseInt(limits.memory, 10),
    pids: undefined,
    pullPolicy: container.imagePullPolicy,
    logging: undefined,
    readOnly: container.securityContext.readOnlyRootFilesystem,
    service,
  };
}

function serviceOf(
  container: ContainerSpec,
  spec: PodSpec,
  object: KubernetesObject,
  sources: Sources,
): ParityUnit["service"] {
  const { startupProbe, readinessProbe } = container;
  if (startupProbe === undefined || readinessProbe === undefined)
    throw new RangeError(`${container.name} has no probes`);
  return {
    ready: probeText(readinessProbe),
    startSeconds: startupProbe.periodSeconds * startupProbe.failureThreshold,
    stopSeconds: spec.terminationGracePeriodSeconds ?? 0,
    stopSignal: undefined,
    published: sources.published.get(object.metadata.labels?.["app.kubernetes.io/name"] ?? "") ?? [],
    after: waitsOf(spec, sources.jobPods),
  };
}

/** Components a pod waits for, by address or through the jobs whose markers it awaits. */
function waitsOf(spec: PodSpec, jobPods: Sources["jobPods"]): readonly string[] {
  const steps = spec.initContainers ?? [];
  const direct = steps.flatMap(({ name }) => (name.startsWith("wait-") ? [name.slice("wait-".length)] : []));
  const markers = steps.flatMap(({ env }) =>
    (env ?? []).flatMap(({ valueFrom }) => valueFrom?.configMapKeyRef?.name ?? []),
  );
  const through = markers.flatMap((marker) => {
    const job = jobPods.get(marker);
    if (job === undefined) throw new RangeError(`no Job writes the marker ${marker}`);
    return waitsOf(job, jobPods);
  });
  return [...new Set([...direct, ...through])].sort();
}

function probeText({ httpGet, tcpSocket, exec }: Probe): string {
  if (httpGet !== undefined) return `http :${httpGet.port}${httpGet.path}`;
  return tcpSocket === undefined ? `exec ${JSON.stringify(exec?.command)}` : `tcp :${tcpSocket.port}`;
}

function textsOf(objects: readonly KubernetesObject[], rendering: HelmRendering): Sources["texts"] {
  return new Map([
    ...objects.flatMap((object) =>
      object.kind === "ConfigMap"
        ? [[object.metadata.name, (object["data"] ?? {}) as Readonly<Record<string, string>>] as const]
        : [],
    ),
    ...rendering.secrets.map(
      (secret) =>
        [
          secret.name,
          Object.fromEntries(
            secret.entries.map(({ key, contents }) => [
              key,
              renderedFileToString({ path: key, contents, secret: true }),
            ]),
          ),
        ] as const,
    ),
  ]);
}

function secretText(reference: { readonly name: string; readonly key: string } | undefined, sources: Sources): string {
  return reference === undefined ? "" : (sources.texts.get(reference.name)?.[reference.key] ?? "missing");
}

function publishedOf(objects: readonly KubernetesObject[]): Sources["published"] {
  return new Map(
    objects.flatMap((object) => {
      const spec = object["spec"] as {
        readonly type?: string;
        readonly ports?: readonly { readonly port: number; readonly targetPort: number }[];
      };
      if (object.kind !== "Service" || spec.type !== "LoadBalancer") return [];
      const ports = (spec.ports ?? []).map(({ port, targetPort }) => `${port}:${targetPort}`).sort();
      return [[object.metadata.labels?.["app.kubernetes.io/name"] ?? "", ports] as const];
    }),
  );
}
