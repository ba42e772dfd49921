import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixturePorts, installFixture } from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { openAssets } from "../../cli/assets.ts";
import { PreflightError } from "../../errors/installer-error.ts";
import type { ActionPorts } from "../context.ts";
import { openDesire } from "../desired/desired.ts";
import { installFrom, type InstallSources } from "./install.ts";
import type { InstallRequest } from "./install-request.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-install-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("a state directory that is a link is refused before the place it leads to is touched", async () => {
  const [target, stateDir] = [join(folder, "target"), join(folder, "state")];
  mkdirSync(target);
  chmodSync(target, 0o755);
  symlinkSync(target, stateDir);

  await expect(installFixture({ name: "never", stateDir }, fixturePorts())).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
  });

  expect(statSync(target).mode & 0o777).toBe(0o755);
});

/** The infra profile on a target in memory that tells a digest for every image it is asked for. */
function installInfra(sources: Partial<InstallSources>, more: Partial<InstallRequest> = {}) {
  const { target } = createMemoryTarget();
  const digest = `sha256:${"d".repeat(64)}`;
  const images = {
    ...target.images,
    imageDigests: (reference: string) => Promise.resolve([`${reference.replace(/:[^:/]*$/, "")}@${digest}`]),
  };
  const ports: ActionPorts = { ...fixturePorts(), assets: openAssets(), target, images };
  const request: InstallRequest = {
    name: "slipway-test",
    stateDir: join(folder, "state"),
    values: { files: [join(folder, "values.yaml")], set: [], without: [] },
    skipVerify: true,
    ...more,
  };
  return installFrom(request, ports, {
    openDesire: () => openDesire(request, ports),
    preflight: () => Promise.resolve(),
    provideImages: () => Promise.resolve({ unavailable: [] }),
    ...sources,
  });
}

test("what is applied is what was checked and agreed, also when a values file is edited meanwhile", async () => {
  const values = join(folder, "values.yaml");
  writeFileSync(values, "ports:\n  http: 8081\n");

  await installInfra({
    provideImages: () => {
      writeFileSync(values, "ports:\n  http: 9091\n");
      return Promise.resolve({ unavailable: [] });
    },
  });

  expect(readFileSync(join(folder, "state/values.yaml"), "utf8")).toContain("8081");
  expect(readFileSync(join(folder, "state/plan.json"), "utf8")).toMatch(/casdoor[^"]*@sha256:d{64}/);
});

test("a host that is not ready is told before any image is pulled or built, also where images may be lacking", async () => {
  writeFileSync(join(folder, "values.yaml"), "{}\n");
  const asked: string[] = [];

  await expect(
    installInfra(
      {
        preflight: () => Promise.reject(new PreflightError("port 80 is taken")),
        provideImages: () => {
          asked.push("images");
          return Promise.resolve({ unavailable: [] });
        },
      },
      { withoutUnavailable: true },
    ),
  ).rejects.toThrow("port 80 is taken");
  expect(asked).toEqual([]);
});

test("components whose image cannot be had are left out where that was asked for", async () => {
  writeFileSync(join(folder, "values.yaml"), "{}\n");
  const unavailable = [{ reference: "casbin/casdoor:3", components: ["casdoor"], reason: "no answer" }];
  const lacking: Partial<InstallSources> = { provideImages: () => Promise.resolve({ unavailable }) };

  await expect(installInfra(lacking)).rejects.toMatchObject({ code: "PREFLIGHT_FAILED" });
  const result = await installInfra(lacking, { withoutUnavailable: true });

  expect(result.notInstalled.map(({ component }) => component)).toContain("casdoor");
  expect(readFileSync(join(folder, "state/values.yaml"), "utf8")).toMatch(/casdoor:\s+mode: off/);
});
