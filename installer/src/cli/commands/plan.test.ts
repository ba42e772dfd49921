import { describe, expect, it } from "vitest";
import type { PlanResult } from "../../actions/plan/plan.ts";
import { cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const planned: PlanResult = {
  apiVersion,
  kind: "PlanResult",
  name: "slipway",
  profile: "infra",
  hash: "3f9c2a10b7d4e86500112233445566778899aabbccddeeff0011223344556677",
  offline: false,
  changed: true,
  counts: { create: 0, recreate: 1, restart: 0, run: 0, remove: 0, unchanged: 1 },
  changes: [
    { subject: "component", id: "redis", action: "recreate", reasons: ["resources.memoryMiB 512 → 1024"] },
    { subject: "component", id: "nats", action: "unchanged", reasons: [] },
  ],
  returned: [],
  impossible: [],
  drift: [],
  noted: [],
};

describe("plan", () => {
  it("shows what changes and why, and the hash", async () => {
    const run = await cli("plan", { plan: () => Promise.resolve(planned) });

    expect(run.status).toBe(0);
    expect(run.stdout()).toBe(
      "~ recreate component redis\n    resources.memoryMiB 512 → 1024\n1 recreate, 1 unchanged\nplan 3f9c2a10b7d4e865\n",
    );
  });

  it("shows what is new on one line each", async () => {
    const changes = ["redis", "nats"].map((id) => ({
      subject: "component" as const,
      id,
      action: "create" as const,
      reasons: ["new"],
    }));
    const run = await cli("plan", { plan: () => Promise.resolve({ ...planned, changes }) });

    expect(run.stdout()).toMatch(/^\+ create component redis\n\+ create component nats\n1 recreate/);
  });

  it("says what must be entered elsewhere, while there is something to do", async () => {
    const registrations = [
      {
        component: "openid-provider",
        place: "https://login.corp.example",
        what: { en: "redirect URI of the client ai", zh: "重定向 URI" },
        value: "https://casdoor.ai.corp/callback",
      },
    ];
    const told =
      "  to be entered at https://login.corp.example, as redirect URI of the client ai:\n    https://casdoor.ai.corp/callback\n";
    const run = await cli("plan", { plan: () => Promise.resolve({ ...planned, registrations }) });
    const idle = await cli("plan", { plan: () => Promise.resolve({ ...planned, registrations, changed: false }) });

    expect(run.stdout()).toContain(told);
    expect(idle.stdout()).not.toContain("to be entered");
  });

  it("sums up what a new platform takes, and where it will be reached", async () => {
    const totals = {
      components: 11,
      memoryMiB: 9728,
      diskGiB: 760,
      ports: [{ address: "127.0.0.1", hostPort: 80, purpose: "http" }],
      urls: [{ component: "gateway", title: { en: "Platform", zh: "平台" }, url: "http://localhost" }],
    };
    const run = await cli("plan", { plan: () => Promise.resolve({ ...planned, totals }) });

    expect(run.stdout()).toContain(
      "11 components: at most 9.5 GiB of memory, data of 760 GiB expected\nports: 127.0.0.1:80\n  Platform  http://localhost\n1 recreate",
    );
  });

  it("shows what returns to its default", async () => {
    const returned = [{ path: "redis.resources.memory", from: "300Mi", to: "512Mi" }];
    const run = await cli("plan", { plan: () => Promise.resolve({ ...planned, returned }) });

    expect(run.stdout()).toContain(
      "recorded values that are not given any more, with what holds again:\n    redis.resources.memory 300Mi → 512Mi\n",
    );
  });

  it("names what somebody made inside a service and its job leaves; --exit-code does not count it", async () => {
    const notes = ["application CSGHub keeps redirect URIs that somebody added: https://x.example"];
    const noted = [{ job: "casdoor-bootstrap", component: "casdoor", notes }];
    const result = { ...planned, changed: false, changes: [], noted };
    const run = await cli("plan --exit-code", { plan: () => Promise.resolve(result) });

    expect(run.stdout()).toContain(
      `! made inside casdoor by somebody; slipway run casdoor-bootstrap leaves it, too:\n    ${notes.join("")}\nno changes\n`,
    );
    expect(run.status).toBe(0);
  });

  it("names what was changed inside a service, and the job that sets it right; --exit-code counts it", async () => {
    const changes = ["set client secret of application CSGHub"];
    const drift = [{ job: "casdoor-bootstrap", component: "casdoor", changes }];
    const result = { ...planned, changed: false, changes: [], drift };
    const run = await cli("plan --exit-code", { plan: () => Promise.resolve(result) });

    expect(run.stdout()).toContain(
      "! changed inside casdoor since; an install leaves it, slipway run casdoor-bootstrap would:\n    set client secret of application CSGHub\nno changes\n",
    );
    expect(run.status).toBe(14);
  });

  it("names what cannot be done, and what to do instead", async () => {
    const impossible = [{ message: "minio: volume data would shrink", hint: "set the size back to 20Gi" }];
    const run = await cli("plan", { plan: () => Promise.resolve({ ...planned, impossible }) });

    expect(run.stdout()).toContain(
      "! cannot be done: minio: volume data would shrink\n    set the size back to 20Gi\n",
    );
  });

  it("says before it happens that addresses move", async () => {
    const moved = [{ from: "https://a.example", to: "https://b.example" }];
    const run = await cli("plan", { plan: () => Promise.resolve({ ...planned, moved }) });

    expect(run.stdout()).toMatch(
      /! addresses move, .*\n {4}https:\/\/a\.example → https:\/\/b\.example\n.*git remotes/,
    );
  });

  it("ends with 14 on changes when --exit-code asks for it, 0 without changes", async () => {
    const changed = await cli("plan --exit-code", { plan: () => Promise.resolve(planned) });
    const same = await cli("plan --exit-code", { plan: () => Promise.resolve({ ...planned, changed: false }) });

    expect([changed.status, same.status]).toEqual([14, 0]);
  });

  it("prints the result itself with --json", async () => {
    const run = await cli("plan --json", { plan: () => Promise.resolve(planned) });

    expect(JSON.parse(run.stdout())).toEqual(planned);
  });

  it("knows no target but those there are", async () => {
    expect((await cli("plan --mode swarm", {})).status).toBe(2);
  });
});
