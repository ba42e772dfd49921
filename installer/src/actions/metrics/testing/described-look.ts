import { fixturePlan } from "../../../../test/support/fixture-plan.ts";
import type { Install } from "../../../execute/state/install.ts";
import { stateLayout } from "../../../execute/state/layout.ts";
import { nothingApplied } from "../../../execute/state/records.ts";
import type { LiveService, LiveStore } from "../../../targets/live-platform.ts";
import type { BackupState } from "../../backup/remembered.ts";
import type { ObservedPlatform } from "../../plan/observe.ts";
import { describeInstall } from "../../status/status.ts";
import type { KnownRecords, Look } from "../look.ts";

/** What a look is described by; the rest is a platform of three components that is well. */
export interface Description {
  readonly name?: string;
  /** By component. */
  readonly services?: Readonly<Record<string, Partial<LiveService>>>;
  /** By `component/volume`. */
  readonly stores?: Readonly<Record<string, Partial<LiveStore>>>;
  readonly live?: Partial<ObservedPlatform>;
  readonly applied?: Partial<Install["applied"]>;
  readonly records?: Partial<KnownRecords>;
  readonly backup?: BackupState;
  /** What it runs on does not answer. */
  readonly away?: boolean;
}

/** When it was looked. */
export const lookedAt = new Date("2026-11-30T12:00:00.000Z");

/** A look as words describe it. */
export function describedLook(description: Description = {}): Look {
  const { name = "lab", backup, away = false } = description;
  const plan = fixturePlan({ name });
  const install: Install = {
    name,
    stateDir: "/state",
    layout: stateLayout("/state"),
    identity: undefined,
    applied: { ...nothingApplied, ...applied, ...description.applied },
    plan,
    pendingPlan: undefined,
  };
  const records = { install, plan, runs: [], timers: [], certificates: [], ...description.records };
  const known = backup === undefined ? records : { ...records, backup };
  const look = { name, at: lookedAt, seconds: 0.25, version: "1.2.3", records: known };
  if (away) return look;
  const live = liveOf(
    description,
    plan.components.map(({ id }) => id),
  );
  const status = describeInstall(install, live, { version: "26.1.5", apiVersion: "1.45" });
  return { ...look, live: { live, status: backup === undefined ? status : { ...status, backup } } };
}

const applied: Partial<Install["applied"]> = {
  release: 3,
  appliedHash: "x",
  installedAt: "2026-11-29T12:00:00.000Z",
  initialised: { "store/data": { at: "2026-11-01T00:00:00.000Z" } },
};

function liveOf({ services, stores, live }: Description, components: readonly string[]): ObservedPlatform {
  return {
    services: new Map(components.map((id) => [id, { ...serving(id), ...services?.[id] }])),
    departed: [],
    hasLeftovers: false,
    stores: new Map(
      Object.entries(stores ?? { "store/data": {} }).map(([id, store]) => [
        id,
        { place: `lab_${id}`, ours: true, freeBytes: 6e11, sizeBytes: 1e12, ...store },
      ]),
    ),
    foreign: [],
    imageIds: new Map(),
    copies: new Map(),
    secrets: [],
    trace: [],
    ...live,
  };
}

function serving(component: string): LiveService {
  return {
    component,
    name: `lab-${component}`,
    id: component,
    phase: "running",
    health: "healthy",
    specHash: "",
    image: `registry.example/${component}:1`,
    imageId: "",
    ports: [],
    severed: [],
    changedFiles: [],
    replaced: false,
  };
}
