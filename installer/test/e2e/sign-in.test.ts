import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { AwsClient } from "aws4fetch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PlanResult } from "../../src/actions/plan/plan.ts";
import type { InstallResult } from "../../src/actions/install/install-request.ts";
import type { RunJobResult } from "../../src/actions/run-job/run-job.ts";
import type { StatusResult } from "../../src/actions/status/status.ts";
import type { VerifyResult } from "../../src/actions/verify/verify.ts";
import { ensureCasdoorStandIn } from "../stand-ins/casdoor/image.ts";
import type { ChildResult } from "../support/child.ts";
import { sendToLoopback } from "./https-request.ts";
import { openPlatform } from "../support/platform.ts";
import type { Platform } from "../support/platform.ts";
import { findNeedles, listFiles, readNeedles, watchMachine } from "../support/secret-canary.ts";
import type { Watcher } from "../support/secret-canary.ts";

const domain = "platform.test";

let platform: Platform;
let watcher: Watcher;
let first: ChildResult;
let authority: string;

beforeAll(async () => {
  const standIn = await ensureCasdoorStandIn();
  platform = await openPlatform({ arguments: ["--set", `casdoor.image=${standIn}`, "--set", `domain=${domain}`] });
  watcher = watchMachine(platform);
  first = await platform.run(["install", "--json"]);
  const exported = join(platform.folder, "ca.crt");
  await platform.run(["ca", "export", "--out", exported]);
  authority = await readFile(exported, "utf8");
}, 300_000);

afterAll(async () => {
  await watcher.stop();
  await platform.dispose();
});

function urlOf(host: string, path: string): string {
  return `https://${host}:${platform.ports.https}${path}`;
}

async function secretOf(name: string): Promise<string> {
  const shown = await platform.run(["secrets", "show", name, "--reveal"]);
  return shown.stdout.trim();
}

async function signInAs(
  organization: string,
  application: string,
  username: string,
  password: string,
): Promise<unknown> {
  const answer = await sendToLoopback({
    url: urlOf(`casdoor.${domain}`, "/api/login"),
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ type: "login", application, organization, username, password, signinMethod: "Password" }),
    ca: authority,
  });
  return JSON.parse(answer.body);
}

describe("infra with sign-in, by domain and with our own authority", () => {
  it("is installed, and the summary says how to read the first password", () => {
    expect(first.stderr).toContain("Prove every connection");
    expect(first.exitCode).toBe(0);
    const result = JSON.parse(first.stdout) as InstallResult;
    expect(result.firstPassword).toMatchObject({ user: "root", secret: "casdoor-root" });
    expect(result.firstPassword?.command).toContain(platform.name);
  });

  it("passes every wire, sign-in and the TLS chain among them", async () => {
    const result = await platform.json<VerifyResult>(["verify"]);

    expect(result.wires.filter((wire) => !wire.ok)).toEqual([]);
    expect(result.wires.map((wire) => wire.wire)).toEqual(expect.arrayContaining(["sign-in", "tls-chain"]));
    expect(result.skipped.map((row) => row.component)).not.toContain("casdoor");
  });

  it("lets root in with the first password, and nobody with Casdoor's own default", async () => {
    const root = await signInAs("OpenCSG", "CSGHub", "root", await secretOf("casdoor-root"));
    const standard = await signInAs("built-in", "app-built-in", "admin", "123");

    expect(root).toMatchObject({ status: "ok" });
    expect(standard).toMatchObject({ status: "error" });
  });

  it("serves the page under a certificate that only our authority vouches for", async () => {
    const page = await sendToLoopback({ url: urlOf(domain, "/"), ca: authority });

    expect(page.status).toBe(200);
    expect(page.body).toContain("Slipway");
    await expect(sendToLoopback({ url: urlOf(domain, "/") })).rejects.toThrow(
      /self-signed certificate|unable to verify/,
    );
    await expect(sendToLoopback({ url: urlOf("elsewhere.test", "/"), ca: authority })).rejects.toThrow(/altnames/);
  });

  it("takes care of Casdoor's pages: compressed, in frames of its own alone, cookies for this site over TLS, no broken pictures", async () => {
    const at = (path: string) =>
      sendToLoopback({ url: urlOf(`casdoor.${domain}`, path), headers: { "accept-encoding": "gzip" }, ca: authority });

    const page = await at("/login/OpenCSG");
    const pictures = await Promise.all([at("/img/casbin.svg"), at("/flag-icons/CN.svg")]);

    expect(page.headers).toMatchObject({
      "content-encoding": "gzip",
      "content-security-policy": "frame-ancestors 'self'",
      "strict-transport-security": "max-age=31536000",
    });
    const cookies = [page.headers["set-cookie"] ?? []].flat();
    expect(cookies.length).toBeGreaterThan(1);
    expect(cookies.filter((cookie) => !/; Secure(;|$)/i.test(cookie) || !/; SameSite=Lax(;|$)/i.test(cookie))).toEqual(
      [],
    );
    expect(pictures.map(({ status, headers }) => [status, headers["content-type"]])).toEqual([
      [200, "image/gif"],
      [200, "image/gif"],
    ]);
  });

  it("leaves nothing of its proof at Casdoor, whose job finds nothing to do when it is run again", async () => {
    const proved = await platform.json<VerifyResult>(["verify"]);
    const again = await platform.json<RunJobResult>(["run", "casdoor-bootstrap"]);

    expect(proved.wires.find(({ wire }) => wire === "sign-in")?.details).toContain(
      "left no user, token or record behind",
    );
    expect(again.changes).toEqual([]);
  });

  it("shows in a plan what somebody changed inside Casdoor, which an install leaves and the job sets right", async () => {
    const sql = "update application set client_secret = 'other' where name = 'CSGHub'";
    const of = [`label=dev.slipway.name=${platform.name}`, "label=dev.slipway.component=postgres"];
    const id = (await platform.docker("ps", "--quiet", ...of.flatMap((label) => ["--filter", label]))).trim();
    const psql = ["psql", "-h", "/run/postgresql", "-U", "postgres", "-d", "csghub_casdoor", "-XAtc", sql];
    await platform.docker("exec", id, ...psql);
    const changes = ["set client secret of application CSGHub"];
    const planned = await platform.json<PlanResult>(["plan"]);
    const dry = await platform.json<RunJobResult>(["run", "casdoor-bootstrap", "--dry-run"]);
    const healed = await platform.json<RunJobResult>(["run", "casdoor-bootstrap"]);
    const after = await platform.json<PlanResult>(["plan"]);

    expect(planned).toMatchObject({
      changed: false,
      drift: [{ job: "casdoor-bootstrap", component: "casdoor", changes }],
    });
    expect([dry.changes, healed.changes]).toEqual([changes, changes]);
    expect(after).toMatchObject({ changed: false, drift: [] });
  });

  it("sends plain HTTP on to HTTPS", async () => {
    const answer = await sendToLoopback({ url: `http://${domain}:${platform.ports.http}/somewhere` });

    expect([301, 308]).toContain(answer.status);
    expect(answer.headers["location"]).toMatch(new RegExp(`^https://${domain}:${platform.ports.https}/`));
  });

  it("takes and gives an object by presigned URL through the public endpoint, and refuses a forged one", async () => {
    const client = new AwsClient({
      accessKeyId: "csghub-server",
      secretAccessKey: await secretOf("s3-csghub-server"),
      service: "s3",
      region: "cn-north-1",
    });
    const address = urlOf(`s3.${domain}`, "/csghub-server/presigned.txt?X-Amz-Expires=60");
    const sign = async (method: string): Promise<string> =>
      (await client.sign(address, { method, aws: { signQuery: true } })).url;

    const put = await sendToLoopback({ url: await sign("PUT"), method: "PUT", body: "ship it", ca: authority });
    const got = await sendToLoopback({ url: await sign("GET"), ca: authority });
    const forged = await sendToLoopback({
      url: (await sign("GET")).replace(/X-Amz-Signature=[0-9a-f]{8}/, "X-Amz-Signature=00000000"),
      ca: authority,
    });

    expect([put.status, got.status, got.body]).toEqual([200, 200, "ship it"]);
    expect(forged.status).toBe(403);
  });

  it("keeps one address inside and outside: status and page name the same URLs", async () => {
    const status = await platform.json<StatusResult>(["status"]);
    const page = await sendToLoopback({ url: urlOf(domain, "/"), ca: authority });

    const urls = status.urls.map((row) => row.url).filter((url) => url.startsWith("https://casdoor."));
    expect(urls).toEqual([`https://casdoor.${domain}:${platform.ports.https}/login/OpenCSG`]);
    expect(page.body).toContain(urls[0]);
  });
});

describe("secrets stay where they belong", () => {
  it("not in command lines, events, container definitions, logs, images or any output", async () => {
    await platform.run(["install", "--set", "nats.resources.memory=600Mi", "--log-format", "json"]);
    await platform.run(["doctor"]);
    await platform.run(["secrets", "list"]);
    await watcher.stop();
    const needles = await readNeedles(platform.stateDir);
    const containers = (
      await platform.docker(...["ps", "--all", "--quiet", "--filter", `label=dev.slipway.name=${platform.name}`])
    )
      .trim()
      .split("\n");
    const images = [
      ...new Set((await platform.docker("inspect", "--format", "{{.Image}}", ...containers)).trim().split("\n")),
    ];
    const logs = await Promise.all(containers.map((id) => platform.docker("logs", id)));
    const hits = [
      ...findNeedles(needles, "output", shownWithoutReveal(platform.output).join("\n")),
      ...findNeedles(needles, "the process table", [...watcher.commandLines].join("\n")),
      ...findNeedles(needles, "the engine's events", watcher.events()),
      ...findNeedles(needles, "docker inspect", [...watcher.inspected.values()].join("\n")),
      ...findNeedles(needles, "docker inspect", await platform.docker("inspect", ...containers)),
      ...findNeedles(needles, "docker logs", logs.join("\n")),
      ...findNeedles(needles, "images", await platform.docker("image", "inspect", ...images)),
    ];
    for (const image of images) {
      hits.push(...findNeedles(needles, "image history", await platform.docker("history", "--no-trunc", image)));
    }

    expect(needles.length).toBeGreaterThan(60);
    expect(watcher.commandLines.size).toBeGreaterThan(20);
    expect(watcher.inspected.size).toBeGreaterThan(10);
    expect(hits).toEqual([]);
  });

  it("only in files below secrets/ and live/ that nobody but their reader can open", async () => {
    const needles = await readNeedles(platform.stateDir);
    const files = await listFiles(platform.stateDir);
    const hits: string[] = [];
    for (const file of files.filter((row) => !row.directory)) {
      const place = relative(platform.stateDir, file.path);
      const found = findNeedles(needles, place, await readFile(file.path, "utf8"));
      const allowed = (place.startsWith("secrets/") || place.startsWith("live/")) && file.mode === 0o400;
      if (!allowed) hits.push(...found);
    }

    expect(hits).toEqual([]);
    // The page's notices say nothing secret, and only who may enter the closed folders above can read them.
    const closed = files.filter(({ path }) => !path.includes("/live/notices/"));
    expect(closed.filter((file) => (file.mode & 0o077) !== 0)).toEqual([]);
  });

  it("the canary sings: a secret in a command line is found", async () => {
    const [needle] = await readNeedles(platform.stateDir);

    expect(findNeedles(await readNeedles(platform.stateDir), "argv", `curl -u x:${needle?.text ?? ""}`)).toHaveLength(
      1,
    );
    const basic = Buffer.from(`user:${needle?.text ?? ""}@`).toString("base64");
    expect(findNeedles(await readNeedles(platform.stateDir), "a header", basic)).toHaveLength(1);
  });
});

/** What commands wrote, but for `secrets show --reveal`, whose purpose it is. */
function shownWithoutReveal(output: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let skip = false;
  for (const text of output) {
    if (text.startsWith("$ slipway ")) skip = text.includes("--reveal");
    if (!skip) kept.push(text);
  }
  return kept;
}
