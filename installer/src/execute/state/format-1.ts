import type { Unit } from "../../render/rendering.ts";
import { appliedHash } from "../applied-hash.ts";
import { type Applied, type Identity, nothingApplied, type TargetIdentity } from "./records.ts";

/**
 * Reads what Slipway 0.1.0 recorded (state format 1). It knew Docker Compose only: its records named volumes as the engine
 * does, and kept container ids and digests of files among everything else.
 */

/** The only target of that time. */
export const targetOfFormat1: TargetIdentity = { kind: "compose" };

type Unit1 = Omit<Unit, "role">;

interface Applied1 {
  readonly release: number;
  readonly planHash?: string;
  readonly installedAt?: string;
  readonly project?: string;
  readonly units: readonly Unit1[];
  readonly jobUnits: readonly Unit1[];
  readonly volumeUnits: readonly { readonly component: string; readonly volume: string }[];
  readonly services: Readonly<Record<string, unknown>>;
  readonly jobs: Applied["jobs"];
  /** By the engine's name of the volume, `<name>_<component>-<volume>`. */
  readonly initialised: Readonly<Record<string, { readonly component: string; readonly at: string }>>;
  readonly files: Readonly<Record<string, unknown>>;
  readonly secrets: Applied["secrets"];
}

/** The identity of format 2. */
export function identityFrom1(record: Readonly<Record<string, unknown>>): Identity {
  return { ...(record as unknown as Omit<Identity, "target">), target: targetOfFormat1 };
}

/** The record of format 2; `valuesText` is what was recorded beside it. */
export function appliedFrom1(record: Readonly<Record<string, unknown>>, valuesText: string | undefined): Applied {
  const old = record as unknown as Partial<Applied1>;
  const units: readonly Unit[] = [
    ...(old.units ?? []).map((unit) => ({ ...unit, role: "service" as const })),
    ...(old.jobUnits ?? []).map((unit) => ({ ...unit, role: "job" as const })),
  ];
  const isComplete = old.planHash !== undefined && old.planHash !== "" && valuesText !== undefined;
  return {
    ...nothingApplied,
    release: old.release ?? 0,
    ...(isComplete && { appliedHash: appliedHash(units, valuesText) }),
    ...(old.planHash === "" && { appliedHash: "" }),
    ...(old.installedAt !== undefined && { installedAt: old.installedAt }),
    units,
    stores: (old.volumeUnits ?? []).map(({ component, volume }) => ({ component, volume })),
    jobs: old.jobs ?? {},
    initialised: initialisedFrom1(old),
    secrets: old.secrets ?? {},
    target: { containers: old.services ?? {}, files: old.files ?? {}, volumes: old.volumeUnits ?? [] },
  };
}

function initialisedFrom1({ initialised = {} }: Partial<Applied1>): Applied["initialised"] {
  return Object.fromEntries(
    Object.entries(initialised).flatMap(([name, { component, at }]) => {
      const separator = `_${component}-`;
      const index = name.lastIndexOf(separator);
      return index < 0 ? [] : [[`${component}/${name.slice(index + separator.length)}`, { at }]];
    }),
  );
}
