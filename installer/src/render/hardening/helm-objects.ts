import type { HelmSecret } from "../helm/helm-rendering.ts";
import { renderedFileToString } from "../rendered-file.ts";
import type { ConfigText } from "./config-rules.ts";
import type { KubernetesObject } from "./hardening-input.ts";

export type Labels = Readonly<Record<string, string>>;

export interface HelmProbe {
  readonly tcpSocket?: unknown;
  readonly [action: string]: unknown;
}

export interface HelmContainer {
  readonly name: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef?: unknown };
  }[];
  readonly ports?: readonly { readonly hostPort?: number }[];
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly runAsGroup?: number;
    readonly allowPrivilegeEscalation?: boolean;
    readonly privileged?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
    readonly seccompProfile?: { readonly type?: string };
    readonly appArmorProfile?: { readonly type?: string };
  };
  readonly resources?: { readonly requests?: Labels; readonly limits?: Labels };
  readonly startupProbe?: HelmProbe;
  readonly readinessProbe?: HelmProbe;
  readonly livenessProbe?: HelmProbe;
}

export interface HelmPodSpec {
  readonly [key: string]: unknown;
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly restartPolicy?: string;
  readonly securityContext?: { readonly seccompProfile?: { readonly type?: string }; readonly fsGroup?: number };
  readonly initContainers?: readonly HelmContainer[];
  readonly containers?: readonly HelmContainer[];
  readonly volumes?: readonly {
    readonly name: string;
    readonly hostPath?: unknown;
    readonly secret?: { readonly defaultMode?: number };
  }[];
}

export interface HelmPod {
  readonly where: string;
  readonly object: KubernetesObject;
  /** Runs until it is removed, or to its end. */
  readonly serves: boolean;
  readonly labels: Labels;
  readonly spec: HelmPodSpec;
  readonly containers: readonly { readonly where: string; readonly container: HelmContainer; readonly main: boolean }[];
}

export interface HelmSubject {
  readonly objects: readonly KubernetesObject[];
  readonly pods: readonly HelmPod[];
  readonly configs: readonly ConfigText[];
}

interface PodTemplate {
  readonly metadata?: { readonly labels?: Labels };
  readonly spec?: HelmPodSpec;
}

/** Looks up what rules ask for: pods, their containers, the text of ConfigMaps and of Secrets (with slots for the secrets). */
export function readHelmSubject(objects: readonly KubernetesObject[], secrets: readonly HelmSecret[]): HelmSubject {
  const configs = [...objects.flatMap(configTexts), ...secrets.flatMap(secretTexts)];
  return { objects, pods: objects.flatMap(podOf), configs };
}

/** The `spec` of an object, whatever it is. */
export function specOf<T>(object: KubernetesObject): Partial<T> {
  return object["spec"] ?? {};
}

export function placeOf(object: KubernetesObject): string {
  return `${object.kind}/${object.metadata.name}`;
}

/** True when a selector means a pod with these labels. */
export function selects(selector: Labels | undefined, labels: Labels): boolean {
  return selector !== undefined && Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** Fields of a Job, also inside a CronJob. */
export interface JobSpec {
  readonly backoffLimit?: number;
  readonly activeDeadlineSeconds?: number;
  readonly ttlSecondsAfterFinished?: number;
  readonly template?: PodTemplate;
}

export function jobSpecOf(object: KubernetesObject): JobSpec {
  if (object.kind !== "CronJob") return specOf<JobSpec>(object);
  return specOf<{ readonly jobTemplate: { readonly spec?: JobSpec } }>(object).jobTemplate?.spec ?? {};
}

function podOf(object: KubernetesObject): readonly HelmPod[] {
  const serves = object.kind === "Deployment" || object.kind === "StatefulSet" || object.kind === "DaemonSet";
  if (!serves && object.kind !== "Job" && object.kind !== "CronJob") return [];
  const { template } = jobSpecOf(object);
  const spec = template?.spec ?? {};
  const where = placeOf(object);
  const place = (container: HelmContainer): string => `${where}:${container.name}`;
  return [
    {
      where,
      object,
      serves,
      labels: template?.metadata?.labels ?? {},
      spec,
      containers: [
        ...(spec.initContainers ?? []).map((container) => ({ where: place(container), container, main: false })),
        ...(spec.containers ?? []).map((container) => ({ where: place(container), container, main: true })),
      ],
    },
  ];
}

function configTexts(object: KubernetesObject): readonly ConfigText[] {
  if (object.kind !== "ConfigMap") return [];
  return Object.entries((object["data"] ?? {}) as Labels).map(([key, text]) => configText(placeOf(object), key, text));
}

function secretTexts({ name, entries }: HelmSecret): readonly ConfigText[] {
  return entries.map(({ key, contents }) =>
    configText(`Secret/${name}`, key, renderedFileToString({ path: key, contents, secret: true })),
  );
}

/** Keys of ours are paths with `__` for a slash. */
function configText(place: string, key: string, text: string): ConfigText {
  const path = `/${key.replaceAll("__", "/")}`;
  return { where: `${place}:${path}`, path, text };
}
