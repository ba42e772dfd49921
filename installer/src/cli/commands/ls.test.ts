import { expect, it } from "vitest";
import { apiVersion, cli, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

it("ls names every install with what runs and where its records are", async () => {
  const installs = [
    { name: "lab", services: 3, running: 0, stores: 2 },
    { name: "slipway", services: 11, running: 11, stores: 6, records: "/var/lib/slipway/slipway" },
  ];
  const listInstalls = () => Promise.resolve({ apiVersion, kind: "InstallsResult" as const, installs });
  const run = await cli("ls", { listInstalls });

  expect(run.status).toBe(0);
  expect(run.stdout()).toMatch(/^lab +0 of 3 +2 +-$/m);
  expect(run.stdout()).toMatch(/^slipway +11 of 11 +6 +\/var\/lib\/slipway\/slipway$/m);
});

it("ls says that there is nothing", async () => {
  const nothing = { apiVersion, kind: "InstallsResult" as const, installs: [] };

  expect((await cli("ls", { listInstalls: () => Promise.resolve(nothing) })).stdout()).toBe(
    "nothing is installed on this host\n",
  );
});
