import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installFrom } from "../../src/actions/install/install.ts";
import { status } from "../../src/actions/status/status.ts";
import { verify } from "../../src/actions/verify/verify.ts";
import type { Ask, Choice } from "../../src/events/ask.ts";
import type { Plan } from "../../src/plan/model.ts";
import { fixturePorts } from "../support/fixture-install.ts";
import { createMemoryTarget } from "../support/memory-target.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = readFileSync(join(root, "docs/adding-a-component.md"), "utf8");
const folders = ["charts", "compose", "docs", "images", "installer", "offline-bundle", "scripts", "toolbox", "values"];
const files = ["package.json", "package-lock.json", "LICENSE"];

/** A copy of the repository to which the page's component is added as the page says. */
let copy: string;
/** Where commands keep what they write. */
let home: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "slipway-added-"));
  home = join(copy, "home");
  for (const name of [...folders, ...files]) {
    cpSync(join(root, name), join(copy, name), { recursive: true, filter: (path) => !/\/(results|dist)$/.test(path) });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  for (const [, path = "", contents = ""] of page.matchAll(/^`(\S+)`:\n\n```\w+\n(.*?)^```$/gms)) {
    writeFileSync(join(copy, path), contents);
  }
  nameInList();
  run(["scripts/generate.ts"]);
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** The first step of the page's list. */
function nameInList(): void {
  const list = join(copy, "installer/src/plan/components/all.ts");
  const text = readFileSync(list, "utf8");
  const named = text
    .replace("import { postgres }", 'import { notice } from "./notice.ts";\nimport { postgres }')
    .replace("  gateway,\n];", "  gateway,\n  notice,\n];");
  expect(named.match(/notice/g)).toHaveLength(3);
  writeFileSync(list, named);
}

function run(args: readonly string[]): string {
  return execFileSync(process.execPath, args, { cwd: copy, encoding: "utf8", env: environment() });
}

/** The program of the copy. */
function slipway(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const entry = join(copy, "installer/src/cli/main.ts");
  return spawnSync(process.execPath, [entry, ...args], { cwd: copy, encoding: "utf8", env: environment() });
}

/** What `validate` says of the component. */
function presence(...args: readonly string[]): string | undefined {
  const result = JSON.parse(slipway("validate", "--json", ...args).stdout) as {
    readonly components: readonly { readonly id: string; readonly presence: string }[];
  };
  return result.components.find(({ id }) => id === "notice")?.presence;
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, HOME: home, XDG_STATE_HOME: join(home, "state"), XDG_CACHE_HOME: join(home, "cache") };
}

function readCopy(path: string): string {
  return readFileSync(join(copy, path), "utf8");
}

async function load<T>(path: string): Promise<T> {
  return (await import(join(copy, "installer/src", path))) as T;
}

/** The plan that the program of the copy makes of its defaults. */
async function buildCopied(sets: readonly string[] = []): Promise<Plan> {
  const { loadPlan } =
    await load<typeof import("../../src/actions/desired/load-plan.ts")>("actions/desired/load-plan.ts");
  const { openAssets } = await load<typeof import("../../src/cli/assets.ts")>("cli/assets.ts");
  const request = { name: "slipway", stateDir: home, values: { files: [], set: sets, without: [] } };
  const fs = { readTextIfPresent: () => Promise.resolve(undefined) };
  return (await loadPlan(request, { fs, assets: openAssets() })).plan;
}

describe("a component added as docs/adding-a-component.md says", () => {
  it("has the types of its values", () => {
    const settings = { extends: "./installer/tsconfig.json", include: ["installer/src/plan/components/all.ts"] };
    writeFileSync(join(copy, "tsconfig.json"), JSON.stringify({ ...settings, compilerOptions: { rootDir: "." } }));

    expect(run(["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"])).toBe("");
    expect(readCopy("installer/src/values/values.generated.ts")).toContain("export interface NoticeValues");
  });

  it("is validated: keys, memory and unknown names", () => {
    expect(presence()).toBe("embedded");
    const wrong = slipway("validate", "--set", "notice.txt=hello", "--set", "notice.resources.memory=1Mi");
    expect(wrong.status).toBe(3);
    expect(wrong.stderr).toContain("notice.txt: unknown key, did you mean text?");
    expect(wrong.stderr).toContain("notice.resources.memory: is less memory than it needs to start");
    expect(wrong.stderr).toContain("allowed is 16Mi or more");
  });

  it("is planned, with what it needs and who leads to it", async () => {
    const plan = await buildCopied();

    const [gateway, notice] = ["gateway", "notice"].map((id) => plan.components.find((row) => row.id === id));
    expect(notice).toMatchObject({ presence: "embedded", needs: [{ kind: "completed", job: "notice-check" }] });
    expect(gateway?.reaches).toContain("notice.http");
    expect(plan.secrets.map(({ name }) => name)).toEqual(expect.arrayContaining(["notice", "notice-htpasswd"]));
    const changes = JSON.parse(slipway("plan", "--offline", "--json").stdout) as {
      readonly changes: readonly object[];
    };
    expect(changes.changes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ subject: "component", id: "notice" }),
        expect.objectContaining({ subject: "job", id: "notice-check" }),
      ]),
    );
  });

  it("is rendered for Compose, with its route, its check and its place on the page", () => {
    expect(slipway("render", "--out", join(home, "compose")).status).toBe(0);

    const read = (path: string): string => readFileSync(join(home, "compose", path), "utf8");
    expect(read("compose.yaml")).toContain("\n  notice:\n");
    expect(read("compose.yaml")).toContain("\n  notice-check:\n");
    expect(read("files/notice/srv/notice/index.txt")).toBe("Welcome.");
    expect(read("files/gateway/etc/nginx/nginx.conf")).toContain("location /notice/ {");
    expect(read("files/verify/run/slipway/document.json")).toContain('"name": "route-notice"');
    expect(read("files/landing-page/srv/page/index.html")).toContain("What everybody should know today");
    expect(read("files/landing-page/srv/page/index.html")).toContain("slipway secrets show notice");
    expect(read("files/landing-page/srv/page/zh/index.html")).toContain("今日须知");
  });

  it("is rendered for Kubernetes", () => {
    expect(slipway("render", "--mode", "helm", "--out", join(home, "helm")).status).toBe(0);

    const values = readFileSync(join(home, "helm", "values.yaml"), "utf8");
    expect(values).toContain("to: notice\n");
    expect(values).toMatch(/id: notice-check\b/);
    expect(values).toContain("index.txt: Welcome.");
  });

  it("is left out by every name of it", async () => {
    for (const name of ["notice", "board"]) {
      expect(presence("--without", name), name).toBe("off");
    }
    expect(slipway("completion", "bash").stdout).toMatch(/--without\) COMPREPLY=.* notice board/);
    const off = await buildCopied(["notice.mode=off"]);
    expect(off.jobs.filter(({ component }) => component === "notice")).toEqual([]);
    expect(off.wires.filter(({ id }) => id.includes("notice"))).toEqual([]);
  });

  it("is offered by the wizard, in the words of its section", async () => {
    const { init } = await load<typeof import("../../src/actions/init/init.ts")>("actions/init/init.ts");
    const { openAssets } = await load<typeof import("../../src/cli/assets.ts")>("cli/assets.ts");
    const offered: Choice[] = [];
    const answers: Ask = {
      confirm: () => Promise.resolve(true),
      input: (_message, options) => Promise.resolve(options?.default ?? ""),
      select: (_message, _choices, preset) => Promise.resolve(preset),
      choose: (_message, choices) => {
        offered.push(...choices);
        const kept = choices.filter(({ checked, value }) => checked === true && value !== "notice");
        return Promise.resolve(kept.map(({ value }) => value));
      },
    };
    const { host, clock, fs: real } = fixturePorts();
    const fs = { ...real, exists: () => Promise.resolve(false), writeAtomic: () => Promise.resolve() };

    const request = { name: "slipway", stateDir: home, values: { files: [], set: [], without: [] } };
    const made = await init(
      { ...request, out: join(home, "values.yaml"), force: true, answers },
      { fs, host, clock, assets: openAssets() },
    );

    expect(offered.find(({ value }) => value === "notice")).toMatchObject({
      name: "Notice",
      description: "A notice to everybody who works here.",
      checked: true,
    });
    expect(made.given).toMatchObject({ notice: { mode: "off" } });
  });

  it("is installed, shown by status and proved by verify", async () => {
    const plan = await buildCopied();
    const world = createMemoryTarget();
    const { target } = world;
    const ports = { ...fixturePorts(), target, images: target.images };
    const place = { name: "slipway", stateDir: join(home, "installed") };
    const rendering = await target.render(plan, await target.facts());
    world.behaviours.set("verify", {
      lines: plan.wires.map(({ id: wire, from, to }) => JSON.stringify({ wire, from, to, ok: true })),
    });

    await installFrom({ ...place, values: { files: [], set: [], without: [] } }, ports, {
      openDesire: () =>
        Promise.resolve(() => Promise.resolve({ plan, rendering, valuesText: "", given: () => undefined })),
      preflight: () => Promise.resolve(),
      provideImages: () => Promise.resolve({ unavailable: [] }),
    });

    expect(world.jobsRun).toContain("notice-check");
    const row = (await status(place, ports)).components.find(({ id }) => id === "notice");
    expect(row).toMatchObject({ title: { en: "Notice" }, ok: true, urls: ["http://localhost/notice/"] });
    const { wires } = await verify(place, ports);
    expect(wires).toContainEqual(expect.objectContaining({ wire: "route-notice", ok: true }));
  });

  it("stands in the docs and in the reference rendering", () => {
    expect(readCopy("docs/values.md")).toContain("| `notice.text` | text | `Welcome.` | What the notice says. |");
    expect(readCopy("values/values.yaml")).toContain("\nnotice:\n  mode: embedded\n");
    expect(readCopy("compose/reference/infra/notice.yaml")).toContain("notice:");
  });
});
