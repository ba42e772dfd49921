import { describe, expect, it } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import type { Install } from "../../execute/state/install.ts";
import { nothingApplied } from "../../execute/state/records.ts";
import type { LiveService } from "../../targets/live-platform.ts";
import type { ObservedPlatform } from "../plan/observe.ts";
import { describeInstall, type StatusResult } from "./status.ts";

const plan = infraPlan();
/** Records of an install that once served from a store. */
const served = { appliedHash: "x", initialised: { "redis/data": { at: "2026-11-01T00:00:00.000Z" } } };
const engine = { version: "26.1.5", apiVersion: "1.45" };

function look(live: Partial<ObservedPlatform>, applied: object = served): StatusResult {
  const install: Install = {
    name: "slipway",
    stateDir: "/state",
    layout: stateLayout("/state"),
    identity: undefined,
    applied: { ...nothingApplied, ...applied },
    plan,
    pendingPlan: undefined,
  };
  const nothing: ObservedPlatform = {
    services: new Map(),
    departed: [],
    hasLeftovers: false,
    stores: new Map(),
    foreign: [],
    imageIds: new Map(),
    copies: new Map(),
    secrets: [],
    trace: [],
  };
  return describeInstall(install, { ...nothing, ...live }, engine);
}

const overall = (...seen: Parameters<typeof look>): string => look(...seen).overall;

const stores = new Map([["redis/data", { place: "slipway_redis_data", ours: true }]]);

describe("a platform that was installed", () => {
  it("and of which neither components nor data are there is absent, not stopped", () => {
    expect(overall({})).toBe("absent");
  });

  it("and has its data is stopped", () => {
    expect(overall({ stores })).toBe("stopped");
  });

  it("and has something of it left is not absent", () => {
    const redis = { component: "redis", phase: "exited", health: "none", severed: [], changedFiles: [] };

    expect(overall({ services: new Map([["redis", redis as unknown as LiveService]]) })).toBe("stopped");
  });

  it("and serves, but cannot be reached by one of its networks, is degraded, and says so first", () => {
    const lost = "it is not attached to the network slipway_data";
    const services = plan.components.map(({ id }) => {
      const severed = id === "redis" ? [lost] : [];
      const service = { component: id, phase: "running", health: "healthy", severed, changedFiles: ["x"], ports: [] };
      return [id, service as unknown as LiveService] as const;
    });
    const found = look({ services: new Map(services), stores });

    expect(found.overall).toBe("degraded");
    expect(found.components.filter(({ ok }) => !ok).map(({ id, drift }) => [id, drift[0]])).toEqual([["redis", lost]]);
    const attached = services.map(([id, service]) => [id, { ...service, severed: [] }] as const);
    expect(overall({ services: new Map(attached), stores })).toBe("healthy");
  });

  it("and never served, because the first install was cut off, is incomplete", () => {
    expect(overall({}, { change: { at: "2026-11-28T20:00:00.000Z", hash: "y" } })).toBe("incomplete");
  });
});

describe("a platform of which every component says that it is healthy", () => {
  const running = { phase: "running", health: "healthy", severed: [], changedFiles: [], ports: [] };
  const services = new Map(
    plan.components.map(({ id }) => [id, { ...running, component: id } as unknown as LiveService]),
  );
  const place = "slipway_redis_data";
  const withFree = (freeBytes: number, ours = true) => new Map([["redis/data", { place, ours, freeBytes }]]);

  it("is healthy where all of them are reached", () => {
    expect(look({ services, stores })).toMatchObject({ overall: "healthy", full: [] });
  });

  it("is not where one of them is cut off from a network", () => {
    const severed = ["it is not in the network data"];
    const cut = new Map([
      ...services,
      ["redis", { ...running, component: "redis", severed } as unknown as LiveService],
    ]);

    const seen = look({ services: cut, stores });

    expect(seen.overall).toBe("degraded");
    expect(seen.components.find(({ id }) => id === "redis")).toMatchObject({ ok: false, severed, drift: severed });
  });

  it("is not where the disk of one is full", () => {
    expect(look({ services, stores: withFree(2 ** 20) })).toMatchObject({
      overall: "degraded",
      full: [{ store: "redis/data", place, freeBytes: 2 ** 20 }],
    });
    expect(overall({ services, stores: withFree(2 ** 34) })).toBe("healthy");
    expect(overall({ services, stores: withFree(2 ** 20, false) })).toBe("healthy");
  });
});
