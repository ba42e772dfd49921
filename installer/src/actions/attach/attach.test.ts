import { expect, it } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import type { SharedRecords } from "../../execute/state/shared-records.ts";
import { attach } from "./attach.ts";

const request = { name: "hub", stateDir: "/state", values: { files: [], set: [], without: [] } };
const records = { place: "namespace team of the context production" } as SharedRecords;
const target = { ...createMemoryTarget().target, records };

it("says what the directory is of now, also while a change is not complete", async () => {
  const plan = { apiVersion: "slipway/v1", install: { name: "hub", version: "0.2.0", profile: "infra" } };
  const change = { at: "2026-01-01T00:00:00Z", hash: "h" };
  const fs = createMemoryFileSystem({
    "/state/plan.pending.json": JSON.stringify(plan),
    "/state/applied.json": JSON.stringify({ apiVersion: "slipway/v2", change }),
  });

  expect(await attach(request, { fs, target })).toMatchObject({
    place: "namespace team of the context production",
    version: "0.2.0",
    release: 0,
    changeSince: change.at,
  });
});

it("says where nothing is installed", async () => {
  await expect(attach(request, { fs: createMemoryFileSystem(), target })).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: "nothing is installed under the name hub in the namespace team of the context production",
  });
});

it("is refused where records are in the state directory alone", async () => {
  const { target: alone } = createMemoryTarget();

  await expect(attach(request, { fs: createMemoryFileSystem(), target: alone })).rejects.toMatchObject({
    code: "USAGE",
    message: "the records of an install on memory are in its state directory alone",
  });
});
