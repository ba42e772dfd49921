import type { OutsideService } from "../../../toolbox/src/contract.generated.ts";
import type { Addressing } from "../values/addressing.ts";
import { quantityBytes } from "../values/quantity.ts";
import type { Section } from "../values/section.ts";
import type { Values } from "../values/values.generated.ts";
import type {
  Component,
  Container,
  Dependency,
  Endpoint,
  EnvVariable,
  Image,
  Job,
  Listener,
  Resources,
  EdgeKey,
  Route,
  Scratch,
  SecretSpec,
  Slotted,
  Store,
  Wire,
  Workload,
} from "./model.ts";

/** Names of images to the references that exist: tags of ours, or digests from a lock. */
export type ImageTable = Readonly<
  Record<
    string,
    {
      readonly reference: string;
      readonly source: "built" | "third-party";
      /** What the reference stands for, from a lock or the catalogue. */
      readonly digest?: string;
      /** In the engine under its tag alone: the digest counts only at a registry of one's own. */
      readonly local?: boolean;
    }
  >
>;

/** A database a component wants: made by the bootstrap, owned by a login role of its own. */
export interface DatabaseDeclaration {
  readonly name: string;
  readonly owner: string;
  /** Secret with the owner's password. */
  readonly secret: string;
  readonly usedBy: readonly string[];
  readonly extensions: readonly { readonly name: string; readonly optional?: boolean }[];
}

/** A bucket, and the key it is used with. One key may use several buckets. */
export interface BucketDeclaration {
  readonly name: string;
  readonly access: "private" | "public-read";
  /** Name of the access key; its secret is `s3-<key>`. */
  readonly key: string;
  readonly usedBy: readonly string[];
}

export interface PlanContext {
  /** Name of the install. */
  readonly name: string;
  readonly values: Values;
  readonly addressing: Addressing;
  readonly databases: readonly DatabaseDeclaration[];
  readonly buckets: readonly BucketDeclaration[];
  image(name: string, override: string): Image;
}

/** A service elsewhere as the toolbox looks at it. */
export type OutsideDocument = { readonly kind: OutsideService["kind"] } & Readonly<Record<string, Slotted>>;

/** What one component file contributes to the plan. */
export interface Parts {
  readonly component?: ComponentDraft;
  readonly jobs?: readonly JobDraft[];
  readonly secrets?: readonly SecretSpec[];
  readonly listeners?: readonly Listener[];
  readonly routes?: readonly Route[];
  readonly insideKeys?: readonly string[];
  readonly edgeKeys?: readonly EdgeKey[];
  readonly wires?: readonly Wire[];
  /** Services elsewhere that can be looked at before anything is run. */
  readonly outside?: readonly OutsideDocument[];
  /** What must be so before the gateway lets anybody in. */
  readonly beforeOpening?: readonly Need[];
}

/** Something to wait for. With `ifPresent` it counts only where this plan runs it: who waits need not know what else was chosen. */
export type Need = Dependency & { readonly ifPresent?: true };

type Derived = "reaches" | "databases" | "buckets" | "volumes" | "published" | "links" | "needs";

/** A component before what can be derived is: `reaches` is completed from the endpoints its slots and routes name. */
export type ComponentDraft = Omit<Component, Derived> &
  Partial<Pick<Component, Exclude<Derived, "needs">>> & { readonly needs?: readonly Need[] };

export type JobDraft = Omit<Job, "reaches" | "needs"> & { readonly needs: readonly Need[] };

/** One component of the platform. Its file is the only place that knows its name, wiring and configuration. */
export interface ComponentDefinition {
  readonly id: string;
  /** What it says about its section of the values; absent where nothing of it can be set. */
  readonly section?: Section;
  /** Profiles it is part of; all when absent. In others it is not in the plan while it is off, so that nobody is told of it. */
  readonly profiles?: readonly string[];
  readonly databases?: (values: Values) => readonly DatabaseDeclaration[];
  readonly buckets?: (values: Values) => readonly BucketDeclaration[];
  readonly build: (context: PlanContext) => Parts;
}

/** What a component is, wherever it runs. */
export type ComponentIdentity = Pick<Component, "id" | "title" | "purpose" | "zone" | "role">;

/** A component that is somewhere else: one endpoint, nothing to run. */
export function externalComponent(identity: ComponentIdentity, endpoint: Endpoint): ComponentDraft {
  return { ...identity, presence: "external", endpoints: [endpoint] };
}

/** A component that was left out, kept in the plan so that everybody can say so. */
export function absentComponent(identity: ComponentIdentity): ComponentDraft {
  return { ...identity, presence: "off", endpoints: [] };
}

/** An endpoint outside, from the URL a person gave for it. */
export function endpointOfUrl(id: string, protocol: Endpoint["protocol"], address: string): Endpoint {
  const { hostname, port, protocol: scheme } = new URL(address);
  const tls = scheme === "https:";
  return { id, protocol, tls, port: port === "" ? (tls ? 443 : 80) : Number(port), externalHost: hostname };
}

/** The limits of a container from its values. */
export function resourcesOf(values: {
  readonly cpus: number;
  readonly memory: string;
  readonly pids: number;
}): Resources {
  return { cpus: values.cpus, memoryMiB: toMiB(values.memory), pids: values.pids };
}

/** How many copies of a container run, from its values. */
export function copiesOf({
  replicas,
  maxReplicas,
}: {
  readonly replicas: number;
  readonly maxReplicas: number;
}): Pick<Workload, "replicas" | "maxReplicas"> {
  return maxReplicas === 0 ? { replicas } : { replicas, maxReplicas };
}

/** Whole mebibytes of a size such as `1Gi`. */
export function toMiB(size: string): number {
  return Math.floor(quantityBytes(size) / 2 ** 20);
}

/** Whole gibibytes of a size, rounded up. */
export function toGiB(size: string): number {
  return Math.ceil(quantityBytes(size) / 2 ** 30);
}

/** Variables a person adds to a container, in a stable order. */
export function extraEnv(values: { readonly extraEnv: Readonly<Record<string, string>> }): readonly EnvVariable[] {
  return Object.keys(values.extraEnv)
    .sort()
    .map((name) => ({ name, value: [values.extraEnv[name] ?? ""] }));
}

export function tmp(sizeMiB: number): Scratch {
  return { path: "/tmp", sizeMiB };
}

interface NeedOptions {
  readonly ifPresent?: true;
}

export function healthy(component: string, options: NeedOptions = {}): Need {
  return { kind: "healthy", component, ...options };
}

export function completed(job: string, options: NeedOptions = {}): Need {
  return { kind: "completed", job, ...options };
}

/** A declared database or bucket as the plan shows it. */
export function toStore({ name, usedBy }: DatabaseDeclaration | BucketDeclaration): Store {
  return { name, dataClass: "backup", usedBy };
}

/** A random secret of 256 bits. */
export function randomSecret(name: string, description: string): SecretSpec {
  return { name, description, generator: { kind: "random", bytes: 32, encoding: "hex" } };
}

/** A random one that its store has among its data. */
export function storedSecret(name: string, description: string): SecretSpec {
  return { ...randomSecret(name, description), rotation: { kind: "in-store" } };
}

/** A password that a person starts with; `instead` says how they get another. */
export function firstPassword(name: string, description: string, instead: string): SecretSpec {
  const reason = "it is a first password: whom it was for has another";
  return {
    name,
    description,
    generator: { kind: "password", length: 24 },
    rotation: { kind: "kept", reason, instead },
  };
}

/** A secret given by the person, as a value or as a file, whichever is set. */
export function givenSecret(name: string, description: string, valuesPath: string, file: string): SecretSpec {
  const generator =
    file === "" ? ({ kind: "given", valuesPath } as const) : ({ kind: "given-file", path: file } as const);
  return { name, description, generator };
}

/** Container fields that most services share. */
export function container(
  fields: Pick<Container, "image" | "uid" | "resources"> & Partial<Container>,
  values?: { readonly extraEnv: Readonly<Record<string, string>> },
): Container {
  const env = [...(fields.env ?? []), ...(values === undefined ? [] : extraEnv(values))];
  return { files: [], mounts: [], scratch: [tmp(16)], ...fields, env };
}
