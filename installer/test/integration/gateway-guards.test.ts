/** What the gateway lets through to the hub: its own nginx with the configuration of `standard`, and nothing behind it, so that 502 means "passed on". */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readImageTable } from "../../src/actions/desired/load-plan.ts";
import { openAssets } from "../../src/cli/assets.ts";
import { buildAddressBook } from "../../src/render/addresses.ts";
import { renderGatewayNginx } from "../../src/render/config-files/gateway-nginx.ts";
import { mustRun, runChild } from "../support/child.ts";
import { profilePlan } from "../support/infra-plan.ts";

const host = "hub.test";
const inside = 18_081;
const name = `slipway-guards-${randomBytes(4).toString("hex")}`;
let folder: string;
let port: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-guards-"));
  const plan = profilePlan("standard", [`domain=${host}`, "tls.mode=off", `ports.http=${inside}`]);
  const config = join(folder, "nginx.conf");
  await writeFile(
    config,
    renderGatewayNginx(
      plan,
      buildAddressBook(plan, (component) => component.id),
    ),
    { mode: 0o644 },
  );
  const image = readImageTable(openAssets())["gateway"]?.reference ?? "";
  await mustRun("docker", ["network", "create", name]);
  await mustRun("docker", [
    ...["run", "--detach", "--name", name, "--network", name, "--publish", `127.0.0.1::${inside}`, "--tmpfs", "/tmp"],
    ...["--volume", `${config}:/etc/nginx/nginx.conf:ro`, image],
  ]);
  const published = await mustRun("docker", ["port", name, String(inside)]);
  port = Number(published.trim().split(":").at(-1));
  for (let look = 0; look < 50 && (await ask("/metrics").catch(() => 0)) !== 404; look += 1) await sleep(100);
}, 60_000);

afterAll(async () => {
  await runChild("docker", ["rm", "--force", "--volumes", name]);
  await runChild("docker", ["network", "rm", name]);
  await rm(folder, { recursive: true });
}, 60_000);

/** The status of an answer; the path goes out as it stands. */
function ask(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, headers: { host: `${host}:${inside}` }, agent: false });
    sent.on("response", (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe("the way to the hub", () => {
  it.each([
    "/api/v1/models?page=1",
    "/models/root/journey.git/info/refs?service=git-upload-pack",
    "/hf/api/models/root/journey",
    "/aigateway/v1/models",
    "/endpoint/app/x",
    "/",
    "/v2/",
    "/api/v1/callback/casdoor?code=abc&state=casdoor",
    "/api/v1/callback/casdoor?state=casdoor&code=abc",
  ])("is open for %s", async (path) => {
    expect(await ask(path)).toBe(502);
  });

  it.each([
    "/api/v4/internal/allowed",
    "/api/v1/internal/user/emails",
    "//api//v1//internal/allowed",
    "/api/v1/%69nternal/allowed",
    "/api/v1/models/../internal/allowed",
    "/api/v4/internal/x.git/info/refs",
    "/api/v1/callback/git",
    "/metrics",
    "/debug/pprof/heap",
    "/aigateway/metrics",
    "/aigateway//debug/pprof/heap",
  ])("hides %s", async (path) => {
    expect(await ask(path)).toBe(404);
  });

  it.each([
    "",
    "?code=abc",
    "?code=abc&state=other",
    "?code=abc&STATE=casdoor",
    "?code=abc&state=casdoor&state=casdoor",
    "?code=abc&state=casdoor&more=1",
    "?code=a%20b&state=casdoor",
  ])("refuses the end of a sign-in with the query %s", async (query) => {
    expect(await ask(`/api/v1/callback/casdoor${query}`)).toBe(403);
  });

  it("lets one address end only so many sign-ins in a minute", async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => ask("/api/v1/callback/casdoor?code=abc&state=casdoor")),
    );
    expect(answers.filter((status) => status === 429).length).toBeGreaterThanOrEqual(20);
    expect(await ask("/api/v1/models")).toBe(502);
  });
});
