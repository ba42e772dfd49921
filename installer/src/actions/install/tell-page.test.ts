import { expect, test } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import type { InstallerEvent } from "../../events/event.ts";
import { steps } from "../../events/steps.ts";
import type { Install } from "../../execute/state/install.ts";
import { createClock } from "../../platform/clock.ts";
import type { LivePlatform, LiveService } from "../../targets/live-platform.ts";
import { tellPage } from "./tell-page.ts";

const install = {} as Install;

function platformWith(...serving: readonly string[]): LivePlatform {
  const service = { phase: "running", health: "healthy" } as LiveService;
  return { services: new Map(serving.map((id) => [id, service])) } as unknown as LivePlatform;
}

function openPage(plan = infraPlan(), live = platformWith()) {
  const world = createMemoryTarget();
  const events: InstallerEvent[] = [];
  const ports = {
    target: world.target,
    clock: createClock(),
    report: (event: InstallerEvent) => void events.push(event),
  };
  const page = tellPage(plan, install, live, ports);
  const item = (id: string, state: Extract<InstallerEvent, { type: "item" }>["state"]) =>
    page.report({ type: "item", step: steps.start.id, id, state });
  return { world, events, page, item, last: () => world.notices.at(-1)?.[1].get("en.html") ?? "" };
}

/** Titles of what the page says is not there yet. */
function pendingOn(page: string): readonly (string | undefined)[] {
  return [...page.matchAll(/<li class="(?:coming|starting|failed)"><p class="name">([^<]*) </g)].map(
    (match) => match[1],
  );
}

test("the page says from the beginning what is missing, and follows what starts, in both languages", async () => {
  const plan = infraPlan();
  const all = plan.components.filter(({ workload }) => workload !== undefined);
  const { world, page, item, last } = openPage(plan);

  await page.begin();
  const atFirst = pendingOn(last());
  item("gateway", "starting");
  item("gateway", "healthy");
  item("postgres", "starting");
  await page.begin();

  expect(atFirst.toSorted()).toEqual(all.map(({ title }) => title.en).sort());
  expect(pendingOn(last())).toHaveLength(all.length - 1);
  expect(last()).toContain('<li class="starting"><p class="name">PostgreSQL ');
  expect([...(world.notices.at(-1)?.[1].keys() ?? [])]).toEqual(["en.html", "zh.html"]);
  expect(world.notices.every(([component]) => component === "landing-page")).toBe(true);
});

test("what serves already is not said to be coming; only what starts anew is", async () => {
  const plan = infraPlan();
  const ids = plan.components.map(({ id }) => id);
  const { world, page, item, last } = openPage(plan, platformWith(...ids));

  await page.begin();
  const quiet = world.notices.map(([, texts]) => texts.size);
  item("minio", "starting");
  await page.begin();

  expect(quiet).toEqual([0]);
  expect(pendingOn(last())).toEqual(["MinIO object store"]);
});

test("after a run that ended well the page says nothing of it, after another what is missing", async () => {
  const [well, badly] = [openPage(), openPage()];
  badly.item("postgres", "failed");

  await well.page.begin();
  await well.page.end("served");
  await badly.page.end("stopped");

  expect(well.world.notices.at(-1)?.[1].size).toBe(0);
  expect(badly.last()).toContain("Your platform is not complete.");
  expect(badly.last()).toContain('<li class="failed"><p class="name">PostgreSQL ');
});

test("a run that ended badly is told of also where everything serves", async () => {
  const plan = infraPlan();
  const { page, last } = openPage(plan, platformWith(...plan.components.map(({ id }) => id)));

  await page.begin();
  await page.end("stopped");

  expect(last()).toContain("Your platform is not complete.");
  expect(pendingOn(last())).toEqual([]);
  expect(last()).not.toContain('http-equiv="refresh"');
});

test("events are handed on, those of jobs and of other steps too, and change no page", async () => {
  const { world, events, page, item } = openPage();
  await page.begin();
  item("postgres-databases", "running");
  page.report({ type: "item", step: steps.verify.id, id: "gateway", state: "failed" });
  await page.begin();

  expect(events).toHaveLength(2);
  expect(new Set(world.notices.map(([, texts]) => pendingOn(texts.get("en.html") ?? "").length)).size).toBe(1);
});

test("many changes at once are told once, as they are in the end", async () => {
  const { world, page, item, last } = openPage();
  for (const { id } of infraPlan().components) item(id, "healthy");
  await page.begin();

  expect(world.notices.length).toBeLessThan(4);
  expect(last()).toBe("");
});

test("a page that cannot be written stops nothing", async () => {
  const { world, events, page } = openPage();
  world.target.putNotices = () => Promise.reject(new Error("no space left"));
  await page.begin();
  await page.end("served");

  expect(events).toContainEqual(expect.objectContaining({ type: "debug", data: "Error: no space left" }));
});

test("without a page there is nobody to tell", async () => {
  const { world, page, item } = openPage(infraPlan(["landingPage.mode=off"]));
  await page.begin();
  item("gateway", "starting");
  await page.end("stopped");

  expect(world.notices).toEqual([]);
});
