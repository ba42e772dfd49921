/** What the gateway lets through to the hub: its own nginx with the configuration of `standard`, and nothing behind it, so that 502 means "passed on". */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
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
const keys: Readonly<Record<string, string>> = {
  "hub-api-token": randomBytes(64).toString("hex"),
  "csghub-portal-hub": randomBytes(32).toString("hex"),
};
const name = `slipway-guards-${randomBytes(4).toString("hex")}`;
let folder: string;
let notices: string;
let port: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-guards-"));
  const backedUp = ["backup.mode=embedded", "backup.directory=/mnt/backup"];
  const plan = profilePlan("standard", [`domain=${host}`, "tls.mode=off", `ports.http=${inside}`, ...backedUp]);
  notices = join(folder, "notices");
  await mkdir(notices, { mode: 0o755 });
  await chmod(folder, 0o755);
  const config = join(folder, "nginx.conf");
  await writeFile(
    config,
    renderGatewayNginx(
      plan,
      buildAddressBook(plan, (component) => component.id),
    )
      .map((part) => (typeof part === "string" ? part : keys[part.name]))
      .join(""),
    { mode: 0o644 },
  );
  const image = readImageTable(openAssets())["gateway"]?.reference ?? "";
  await mustRun("docker", ["network", "create", name]);
  await mustRun("docker", [
    ...["run", "--detach", "--name", name, "--network", name, "--publish", `127.0.0.1::${inside}`, "--tmpfs", "/tmp"],
    ...["--volume", `${config}:/etc/nginx/nginx.conf:ro`, "--volume", `${notices}:/run/slipway/notices:ro`, image],
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
async function ask(path: string, authorization?: string, method = "GET"): Promise<number> {
  return (await answerTo(path, authorization, method)).statusCode ?? 0;
}

function answerTo(path: string, authorization: string | undefined, method: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { host: `${host}:${inside}`, ...(authorization === undefined ? {} : { authorization }) };
    const sent = request({ host: "127.0.0.1", port, path, method, headers, agent: false });
    sent.on("response", (answer) => {
      answer.resume();
      resolve(answer);
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

  it.each(["Bearer TOKEN", "bearer TOKEN", "TOKEN", "OAuth TOKEN", "Bearer  TOKEN ", "Bearer x,Bearer TOKEN"])(
    "refuses the token of the hub's own programs as %s",
    async (form) => {
      const shown = form.replace("TOKEN", keys["hub-api-token"] ?? "");
      for (const path of ["/api/v1/models", "/api/v1/user/root?current_user=root", "/aigateway/v1/models", "/", "/v2/"])
        expect({ path, status: await ask(path, shown) }).toEqual({ path, status: 403 });
    },
  );

  const portalKey = `Bearer ${keys["csghub-portal-hub"]}`;

  it.each([
    ["GET", "/api/v1/jwt/eyJhbGciOi.eyJ_X-1.abc"],
    ["POST", "/api/v1/jwt/token?current_user_uuid=0c6fd4a4-6a8c-4f4e-8a5a-6a5a0d6b1f7e"],
    ["GET", "/api/v1/user/root"],
    ["GET", "/api/v1/user/0c6fd4a4-6a8c-4f4e-8a5a-6a5a0d6b1f7e?type=uuid"],
    ["GET", "/api/v1/models/people/small.model/resolve/pictures/a%20b.png?current_user=&ref=main"],
    ["GET", "/api/v1/datasets/people/data/raw/README.md?current_user=root&ref=main"],
  ])("passes on %s %s of the portal", async (method, path) => {
    expect(await ask(path, portalKey, method)).toBe(502);
  });

  it.each([
    ["GET", "/api/v1/models"],
    ["DELETE", "/api/v1/user/root"],
    ["GET", "/api/v1/user/root?current_user=root"],
    ["GET", "/api/v1/user/root/tokens"],
    ["GET", "/api/v1/user/root%2Ftokens"],
    ["GET", "/api/v1/user/../models"],
    ["GET", "/api/v1/jwt/x/../../user/root/tokens"],
    ["POST", "/api/v1/jwt/token?current_user_uuid=a&current_user=root"],
    ["GET", "/api/v1/models/people/m/blob/a?current_user=&ref=main"],
    ["GET", "/aigateway/v1/models"],
    ["GET", "/"],
  ])("refuses %s %s with the portal's key", async (method, path) => {
    expect(await ask(path, portalKey, method)).toBe(403);
  });

  it("lets everybody else's authorization through", async () => {
    expect(await ask("/api/v1/models", `Bearer ${"a".repeat(128)}`)).toBe(502);
    expect(await ask("/v2/", "Basic dXNlcjpwYXNz")).toBe(502);
  });

  it("lets one address end only so many sign-ins in a minute", async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => ask("/api/v1/callback/casdoor?code=abc&state=casdoor")),
    );
    expect(answers.filter((status) => status === 429).length).toBeGreaterThanOrEqual(20);
    expect(await ask("/api/v1/models")).toBe(502);
  });
});

describe("while a backup is made", () => {
  const step = (): number => Math.floor(Date.now() / 100_000);
  const passedOn = 502;

  it.each([
    ["DELETE", "/api/v1/models/people/model", 503],
    ["DELETE", "/v2/people/image/manifests/latest", 503],
    ["POST", "/api/v1/models?delete", 503],
    ["GET", "/api/v1/models/people/model", passedOn],
    ["POST", "/api/v1/models", passedOn],
    ["PUT", "/api/v1/models?undelete=1", passedOn],
  ])("%s %s is answered %i", async (method, path, status) => {
    // This step of time and the next one: it may be about to change.
    for (const ahead of [0, 1]) await writeFile(join(notices, `hold-${step() + ahead}`), "");

    expect(await ask(path, undefined, method)).toBe(status);
  });

  it("says when to come again", async () => {
    for (const ahead of [0, 1]) await writeFile(join(notices, `hold-${step() + ahead}`), "");

    expect((await answerTo("/api/v1/models/people/model", undefined, "DELETE")).headers["retry-after"]).toBe("30");
  });

  it("it ends by itself: a file that is called by a time that is over holds nothing back", async () => {
    for (const file of await readdir(notices)) await rm(join(notices, file));
    await writeFile(join(notices, `hold-${step() - 1}`), "");

    expect(await ask("/api/v1/models/people/model", undefined, "DELETE")).not.toBe(503);
  });
});
