import type { DataClass, Volume } from "../plan/model.ts";
import type { RenderedFile } from "./rendered-file.ts";

/** What every renderer hands over: files for the target, and what the files themselves do not say about their parts. */
export interface Rendering {
  readonly files: readonly RenderedFile[];
  /** Services in the order of the plan, then jobs. */
  readonly units: readonly Unit[];
  readonly stores: readonly Store[];
}

/** A component's service or a job as the target runs it. */
export interface Unit {
  /** Component or job id. */
  readonly id: string;
  readonly role: "service" | "job";
  readonly image: string;
  /** Hash over its rendered definition and the unresolved contents of its files. */
  readonly specHash: string;
  /** Paths (in `files`) that it reads. */
  readonly filePaths: readonly string[];
}

/** A volume of a component. */
export interface Store {
  readonly component: string;
  readonly volume: string;
  readonly dataClass: DataClass;
  /** User and group id of the service that writes to it. */
  readonly uid: number;
  /** A file that is there once the volume holds data of its service. */
  readonly marker?: string;
  /** Directory of the host that it is, and that stays when everything else is removed. */
  readonly directory?: string;
  /** Claim of a person's own that it is, and that stays likewise. */
  readonly claim?: string;
}

/** Where a published port is opened. */
export interface Opening {
  /** An address, or what gives one: `load balancer`, `every node`. */
  readonly address: string;
  readonly hostPort: number;
  readonly purpose: string;
}

/** Something that cannot be changed where it is, and what to do instead. */
export interface ImpossibleChange {
  readonly component?: string;
  readonly message: string;
  readonly hint: string;
}

/** Name of a store that is the same on every target: `postgres/data`. */
export function storeId(store: Pick<Store, "component" | "volume">): string {
  return `${store.component}/${store.volume}`;
}

/** The units that keep running. */
export function servicesOf({ units }: Pick<Rendering, "units">): readonly Unit[] {
  return units.filter((unit) => unit.role === "service");
}

/** Images of everything that may run, each once. */
export function imagesOf({ units }: Pick<Rendering, "units">): readonly string[] {
  return [...new Set(units.map((unit) => unit.image))].sort();
}

/** The stores of a plan. */
export function storesOf(plan: {
  readonly components: readonly {
    readonly id: string;
    readonly volumes: readonly Pick<
      Volume,
      "name" | "dataClass" | "marker" | "imageFolder" | "uid" | "directory" | "claim"
    >[];
    readonly workload?: { readonly container: { readonly uid: number } };
  }[];
}): readonly Store[] {
  return plan.components.flatMap(({ id, volumes, workload }) =>
    volumes.map(({ name, dataClass, marker, imageFolder, uid, directory, claim }) => ({
      component: id,
      volume: name,
      dataClass,
      uid: imageFolder === undefined ? (workload?.container.uid ?? uid ?? 0) : 0,
      ...(marker === undefined ? {} : { marker }),
      ...(directory === undefined ? {} : { directory }),
      ...(claim === undefined ? {} : { claim }),
    })),
  );
}
