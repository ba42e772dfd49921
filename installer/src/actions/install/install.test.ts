import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixturePorts, installFixture } from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { openAssets } from "../../cli/assets.ts";
import { PreflightError } from "../../errors/installer-error.ts";
import { imagesOf } from "../../render/rendering.ts";
import type { Target } from "../../targets/target.ts";
import type { ActionPorts } from "../context.ts";
import { openDesire } from "../desired/desired.ts";
import type { Check } from "../../targets/check.ts";
import { installFrom, type InstallSources } from "./install.ts";
import { installOffline, type OfflinePorts } from "./install-offline.ts";
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
function installInfra(
  sources: Partial<InstallSources>,
  more: Partial<InstallRequest> = {},
  target: Target = createMemoryTarget().target,
  report?: ActionPorts["report"],
) {
  const digest = `sha256:${"d".repeat(64)}`;
  const images = {
    ...createMemoryTarget().target.images,
    ...target.images,
    findImages: (references: readonly string[]) =>
      Promise.resolve({
        ids: new Map(references.map((reference) => [reference, reference])),
        digests: new Map(
          references.map((reference) => [reference, [`${reference.replace(/:[^:/]*$/, "")}@${digest}`]]),
        ),
      }),
  };
  const ports: ActionPorts = {
    ...fixturePorts({ ...(report && { report }) }),
    assets: openAssets(),
    target: { ...target, images },
    images,
  };
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

test("a key that is taken out of the file returns to its default, and from what file the values came is recorded", async () => {
  const values = join(folder, "values.yaml");
  const notes: string[] = [];
  const recorded = (name: string) => readFileSync(join(folder, "state", name), "utf8");
  writeFileSync(values, "ports: { http: 8081, ssh: 2022 }\n");
  const { target } = createMemoryTarget();
  await installInfra({}, {}, target);
  writeFileSync(values, "ports: { http: 8081 }\n");

  await installInfra({}, {}, target, (event) => {
    if (event.type === "note") notes.push(event.message);
  });

  expect(recorded("values.yaml")).toBe("ports:\n  http: 8081\n");
  expect(notes).toEqual(["recorded values that are not given any more, with what holds again: ports.ssh 2022 → 2222"]);
  expect(JSON.parse(recorded("applied.json"))).toMatchObject({ valuesFiles: [{ path: values }] });
});

test("the hash that was agreed is the one that is reported, also when digests are learnt meanwhile", async () => {
  writeFileSync(join(folder, "values.yaml"), "{}\n");
  const { planHash } = await installInfra({}, { dryRun: true });

  expect(await installInfra({}, { planHash })).toMatchObject({ changed: true, planHash });
});

test("an install is complete when every image of its plan is there, also one that nothing started with", async () => {
  writeFileSync(join(folder, "values.yaml"), "{}\n");
  const world = createMemoryTarget();
  const late = Promise.withResolvers<undefined>();
  const all = Promise.withResolvers<undefined>();
  const asked = new Set<string>();
  let wanted: readonly string[] = [];
  const coming = {
    ready: async (reference: string) => {
      asked.add(reference);
      if (asked.size === wanted.length) all.resolve(undefined);
      await late.promise;
    },
    ended: Promise.resolve(),
    stop: () => undefined,
  };
  const ended = installInfra(
    {
      provideImages: ({ rendering }) => {
        wanted = imagesOf(rendering);
        return Promise.resolve({ unavailable: [], coming });
      },
    },
    {},
    world.target,
  );
  await Promise.race([all.promise, ended]);

  expect(world.services.has("gateway")).toBe(true);
  expect(existsSync(join(folder, "state/plan.json"))).toBe(false);
  late.resolve(undefined);
  expect(await ended).toMatchObject({ release: 1 });
});

test("what is recorded of images is what the target has", async () => {
  writeFileSync(join(folder, "values.yaml"), "{}\n");
  const { target } = createMemoryTarget();
  const imageIds = (references: readonly string[]) =>
    Promise.resolve(new Map(references.map((name) => [name, "there"])));

  await installInfra({}, {}, { ...target, images: { ...target.images, imageIds } });

  expect(readFileSync(join(folder, "state/lock.yaml"), "utf8")).toContain("imageId: there");
});

test("images of a target that keeps none itself are recorded as they were used, with their digests", async () => {
  writeFileSync(join(folder, "values.yaml"), "{}\n");
  const { target } = createMemoryTarget();
  const digest = `sha256:${"e".repeat(64)}`;
  const pinned: Target = {
    ...target,
    render: async (plan, facts) => {
      const rendering = await target.render(plan, facts);
      const units = rendering.units.map((unit) => ({ ...unit, image: `${unit.image.replace(/@.*/, "")}@${digest}` }));
      return { ...rendering, units };
    },
  };

  await installInfra({}, {}, pinned);

  expect(readFileSync(join(folder, "state/lock.yaml"), "utf8")).toMatch(/reference: \S+@sha256:e{64}/);
});

test("components start before all images are there only where no data is to be looked at first", async () => {
  writeFileSync(join(folder, "values.yaml"), "{}\n");
  const world = createMemoryTarget();
  const mayGoOn: boolean[] = [];
  const provideImages: InstallSources["provideImages"] = (_desired, goOn) => {
    mayGoOn.push(goOn);
    return Promise.resolve({ unavailable: [] });
  };
  world.behaviours.set("gateway", { status: 1 });
  await expect(installInfra({ provideImages }, {}, world.target)).rejects.toMatchObject({ code: "APPLY_FAILED" });
  world.behaviours.clear();
  world.services.clear();
  await installInfra({ provideImages }, {}, world.target);

  expect(mayGoOn).toEqual([true, false]);
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

test("without network, too, an image that is not there does not stop the check of the host", async () => {
  writeFileSync(join(folder, "values.yaml"), "{}\n");
  const { target } = createMemoryTarget();
  const isMissing = (reference: string): boolean => reference.includes("casdoor");
  const imageIds = (references: readonly string[]) =>
    Promise.resolve(new Map(references.filter((name) => !isMissing(name)).map((name) => [name, "there"])));
  const check: Check = {
    id: "images.unavailable",
    title: "every image is there",
    why: "nothing runs without",
    severity: "failure",
    run: ({ availableImages = new Set<string>() }) =>
      [...availableImages].some(isMissing) ? [] : [{ message: "casdoor is not there", remedy: "load it" }],
  };
  const images = { ...target.images, imageIds };
  const guard = { allow: () => undefined, report: () => ({ allowed: [], refused: [] }), disarm: () => undefined };
  const request: InstallRequest = {
    name: "slipway-test",
    stateDir: join(folder, "state"),
    values: { files: [join(folder, "values.yaml")], set: [], without: [] },
    skipVerify: true,
    offline: true,
    withoutUnavailable: true,
  };
  const ports = {
    ...fixturePorts(),
    assets: openAssets(),
    target: { ...target, images, checks: () => Promise.resolve({ preflight: [check], live: [] }) },
    images,
    armEgressGuard: () => guard,
  };

  const result = await installOffline(request, ports as unknown as OfflinePorts);

  expect(result.notInstalled.map(({ component }) => component)).toContain("casdoor");
});

test("tells where the time went when it is asked, with what each step, component and job waited for", async () => {
  const place = { name: "p", stateDir: join(folder, "state") };
  const ports = { ...fixturePorts(), target: createMemoryTarget().target };
  const { timings, ms } = await installFixture({ ...place, request: { timings: true } }, ports);
  const again = await installFixture(place, ports);

  const after = Object.fromEntries(timings?.work.map((work) => [work.id, work.after]) ?? []);
  expect(Object.keys(after)).toEqual(
    expect.arrayContaining(["render", "preflight", "look", "images", "secrets", "store", "job:prepare", "app", "web"]),
  );
  expect(after).toMatchObject({ preflight: "render", "job:prepare": "store", app: "job:prepare" });
  expect(timings?.totalMs).toBe(ms);
  expect(again).not.toHaveProperty("timings");
});
