import { hashOf } from "../../execute/digest.ts";
import { renderCompose } from "../../render/compose/render-compose.ts";
import { loadPlan } from "../desired/load-plan.ts";
import { planOffline } from "./plan.ts";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useFilePorts } from "../../../test/support/file-ports.ts";

const place = useFilePorts();
const { ports, request } = place;

describe("plan --offline", () => {
  it("creates everything at first, and is the same every time", async () => {
    const first = await planOffline(request(), ports);
    const second = await planOffline(request(), ports);

    expect(first).toEqual(second);
    expect(first).toMatchObject({ changed: true, offline: true });
    expect(first.counts.create + first.counts.run).toBe(first.changes.length);
    expect(first.totals).toMatchObject({
      ports: expect.arrayContaining([expect.objectContaining({ address: "127.0.0.1", hostPort: 80 })]) as unknown,
      urls: expect.arrayContaining([expect.objectContaining({ url: "http://localhost" })]) as unknown,
    });
    const { components = 0, memoryMiB = 0, diskGiB = 0 } = first.totals ?? {};
    expect([components > 5, memoryMiB > 1024, diskGiB > 100]).toEqual([true, true, true]);
  });

  it("says what differs from the records, and why", async () => {
    const { plan } = await loadPlan(request(), ports);
    const rendering = renderCompose(plan);
    mkdirSync(join(place.folder, "state"));
    writeFileSync(join(place.folder, "state/plan.json"), JSON.stringify(plan));
    const jobs = Object.fromEntries(plan.jobs.map(({ id }) => [id, { inputsHash: "", at: "" }]));
    const applied = { apiVersion: "slipway/v2", units: rendering.units, stores: rendering.stores, jobs };
    writeFileSync(join(place.folder, "state/applied.json"), JSON.stringify(applied));

    const same = await planOffline(request(), ports);
    const changed = await planOffline(request({ set: ["redis.resources.memory=1Gi"] }), ports);
    const smaller = await planOffline(request({ without: ["casdoor"] }), ports);
    const moved = await planOffline(request({ set: ["dataDir=/srv/data"] }), ports);

    expect([same.changed, same.totals]).toEqual([false, undefined]);
    expect([same.impossible, changed.impossible]).toEqual([[], []]);
    expect(moved.impossible).toEqual([
      {
        message: "dataDir is /srv/data, and the data of this install is in the engine's own volumes",
        hint: 'data is not moved: set dataDir back to ""',
      },
    ]);
    expect(changed.changes.filter((change) => change.action === "recreate")).toEqual([
      {
        subject: "component",
        id: "redis",
        action: "recreate",
        reasons: ["files[/etc/valkey/valkey.conf] old contents → new contents", "resources.memoryMiB 512 → 1024"],
      },
    ]);
    expect(smaller.changes).toContainEqual({
      subject: "component",
      id: "casdoor",
      action: "remove",
      reasons: ["mode is off"],
    });
    expect(new Set([same.hash, changed.hash, smaller.hash, hashOf({})]).size).toBe(4);
  });
});
