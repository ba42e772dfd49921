import { expect, test } from "vitest";
import { PreflightError } from "../../errors/installer-error.ts";
import { apiVersion, cli, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const result = {
  apiVersion,
  kind: "AttachResult",
  name: "hub",
  stateDir: "/state",
  place: "namespace team of the context production",
  version: "0.2.0",
  profile: "infra",
  release: 3,
} as const;

test("attach hands down where the install is, and tells what the directory is of", async () => {
  const asked: unknown[] = [];
  const attach = (request: unknown) => Promise.resolve((asked.push(request), result));

  const run = await cli("attach --mode helm --name hub --set cluster.namespace=team", { attach });
  const json = await cli("attach --mode helm --name hub --json", { attach });

  expect(asked[0]).toMatchObject({ name: "hub", mode: "helm", values: { set: ["cluster.namespace=team"] } });
  expect(run.status).toBe(0);
  expect(run.stdout()).toContain("has the records of hub (profile infra, revision 3), from the namespace team");
  expect(JSON.parse(json.stdout())).toEqual(result);
});

test("attach says that a change is not complete, and exits 4 where nothing is installed", async () => {
  const half = await cli("attach --mode helm", {
    attach: () => Promise.resolve({ ...result, changeSince: "2026-01-01T00:00:00Z" }),
  });
  const nothing = await cli("attach --mode helm", {
    attach: () => Promise.reject(new PreflightError("nothing is installed under the name slipway")),
  });

  expect(half.stdout()).toContain("is not complete: slipway install finishes it");
  expect(nothing.status).toBe(4);
});
