/** The whole platform with the stand-in in CSGHub's place: what every program was given is used once. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { InstallResult } from "../../src/actions/install/install-request.ts";
import type { SecretsRotateResult } from "../../src/actions/secrets/rotate.ts";
import type { StatusResult } from "../../src/actions/status/status.ts";
import type { VerifyResult } from "../../src/actions/verify/verify.ts";
import { ensureCasdoorStandIn } from "../stand-ins/casdoor/image.ts";
import { ensureHubStandIn } from "../stand-ins/hub/image.ts";
import { askProbe, type Probed } from "../stand-ins/hub/testing/ask-probe.ts";
import { sendHttp } from "../../../toolbox/src/http-request.ts";
import { Company } from "../stand-ins/openid-provider/testing/company.ts";
import { signInByProvider } from "../stand-ins/openid-provider/testing/sign-in.ts";
import { type ChildResult, mustRun } from "../support/child.ts";
import { openPlatform, type Platform } from "../support/platform.ts";
import { doorsOf, knownLogins, type Login } from "./known-logins.ts";
import { type Visit, visitHub } from "./reach-hub.ts";

let platform: Platform;
let company: Company;
/** What the company registers as it is told. */
const callbacks: string[] = [];

beforeAll(async () => {
  const [casdoor, hub] = [await ensureCasdoorStandIn(), await ensureHubStandIn()];
  const images = [
    `casdoor.image=${casdoor}`,
    `server.image=${hub}`,
    `portal.image=${hub}`,
    `dataflow.image=${hub}`,
    `labelStudio.image=${hub}`,
  ];
  const more = ["moderation", "dataflow", "labelStudio"].map((key) => `${key}.mode=embedded`);
  const sets = [...images, ...more, ...(await companyAccounts())].flatMap((set) => ["--set", set]);
  platform = await openPlatform({ arguments: ["--profile", "standard", ...sets] });
}, 60_000);

afterAll(async () => {
  await platform.dispose();
  await company.dissolve();
});

/** An address of this host that containers reach. */
async function ownAddress(): Promise<string> {
  const gateway = "{{(index .IPAM.Config 0).Gateway}}";
  return (await mustRun("docker", ["network", "inspect", "bridge", "--format", gateway])).trim();
}

/** A provider on this host, as the values name it. */
async function companyAccounts(): Promise<readonly string[]> {
  company = await Company.found(await ownAddress());
  const secretFile = company.file("client-secret");
  await writeFile(secretFile, "Odd!secret/with+% signs\n", { mode: 0o600 });
  const { issuer } = await company.provider({ clientSecret: "Odd!secret/with+% signs", redirectUris: callbacks });
  const given = [`issuer=${issuer}`, `clientId=${company.clientId}`, `clientSecretFile=${secretFile}`];
  return [...given, `caFile=${company.caFile}`].map((set) => `casdoor.provider.${set}`);
}

/** Goes from Casdoor to the company's provider and back, then into the hub; gives where the hub leads on to. */
async function signIn(main: string, casdoor: string): Promise<URL> {
  const secrets = join(platform.stateDir, "secrets");
  const hubClientId = (await readFile(join(secrets, "casdoor-csghub-id"), "utf8")).trim();
  const through = (url: string) => {
    const { protocol, port, hostname } = new URL(url);
    const host = hostname.endsWith(".test") ? "127.0.0.1" : hostname;
    return {
      url,
      resolve: `${host}:${port}`,
      ...(protocol === "https:" ? { caFile: join(secrets, "ca.certificate") } : {}),
    };
  };
  const hubCallback = `${main}/api/v1/callback/casdoor`;
  const way = { casdoor: through(casdoor), origin: casdoor, hubClientId, hubCallback, caFile: company.caFile };
  const { data, msg } = await signInByProvider("anna", way);
  expect(msg).toBe("");
  const query = new URLSearchParams({ code: String(data), state: "casdoor" }).toString();
  const { headers } = await sendHttp({ ...through(main), url: `${hubCallback}?${query}` });
  return new URL(headers.location ?? "");
}

/** Where each program listens, and what it has to be given. */
const programs: readonly (readonly [string, number, readonly string[]])[] = [
  ["csghub-server", 8080, ["redis", "nats", "temporal", "gitaly", "objects", "casdoor"]],
  ["csghub-rproxy", 8083, ["redis", "nats", "gitaly"]],
  ["csghub-accounting", 8086, ["redis", "nats"]],
  ["csghub-user", 8088, ["redis", "temporal", "gitaly", "casdoor"]],
  ["csghub-moderation", 8089, ["redis", "temporal", "gitaly", "objects"]],
  ["csghub-repo-sync", 8091, ["redis", "temporal", "gitaly", "objects"]],
  ["csghub-lfs-sync", 8092, ["redis", "temporal", "gitaly", "objects"]],
  ["csghub-dataviewer", 8093, ["redis", "temporal", "gitaly", "objects", "previews"]],
  ["csghub-aigateway", 8094, ["redis", "nats", "gitaly", "objects"]],
  ["csghub-notifier", 8095, ["redis", "nats", "temporal"]],
];

/** Programs beside the hub: what they ask by its public name, too. */
const beside: readonly (readonly [string, number, readonly string[]])[] = [
  ["csghub-dataflow", 8000, ["CSGHUB_ENDPOINT", "STUDIO_JUMP_URL"]],
  ["label-studio", 8002, ["CSGHUB_ENDPOINT", "LABEL_STUDIO_HOST"]],
];

const peers = ["accounting", "dataflow", "dataviewer", "lfs-sync", "moderation", "notifier", "user"].map(
  (peer) => `peer:${peer}`,
);

function probe(component: string, port: number): Promise<Probed> {
  return askProbe((...args) => platform.docker(...args), `${platform.name}-${component}-1`, port);
}

function failed(probed: Probed): readonly (readonly [string, unknown])[] {
  return Object.entries(probed).filter(([, { ok }]) => !ok);
}

/** Every way to reach a platform: installed in the first, and moved on to the others by what is set. */
const ways = [
  { title: "by domain with our own authority", tls: "self-signed", name: "platform.test", apps: "apps.platform.test" },
  { title: "by domain without TLS", tls: "off", name: "platform.test", apps: "apps.platform.test" },
  { title: "by IP address without TLS", tls: "off", name: undefined, apps: "" },
  { title: "by IP address with our own authority", tls: "self-signed", name: undefined, apps: "" },
];

describe.each(ways)("the profile standard, $title", ({ tls, name, apps }) => {
  /** An address of this host that containers reach, too. */
  let domain: string;
  let address: string;
  let installed: ChildResult;
  let visit: Visit;

  beforeAll(async () => {
    address = name === undefined ? await ownAddress() : "127.0.0.1";
    domain = name ?? address;
    const { http, https, casdoor } = platform.ports;
    const [scheme, port] = tls === "off" ? ["http", http] : ["https", https];
    callbacks.push(
      name === undefined
        ? `${scheme}://${address}:${casdoor}/callback`
        : `${scheme}://casdoor.${name}:${port}/callback`,
    );
    const sets = [`domain=${domain}`, `bindAddress=${address}`, `tls.mode=${tls}`, `appsDomain=${apps}`];
    installed = await platform.run(["install", "--json", ...sets.flatMap((set) => ["--set", set])]);
    visit = await visitHub(platform, address);
  }, 400_000);

  it("is installed, and passes every wire", () => {
    expect(installed.exitCode, installed.stderr).toBe(0);
    const { verify } = JSON.parse(installed.stdout) as InstallResult;
    expect(verify?.wires.filter((wire) => !wire.ok)).toEqual([]);
    const names = verify?.wires.map(({ wire }) => wire) ?? [];
    expect(names.includes("tls-chain")).toBe(tls !== "off");
    expect(verify?.wires.find(({ wire }) => wire === "sign-in")?.address).toContain(domain);
  });

  it("each program can use all that it was given", async () => {
    for (const [component, port, expected] of programs) {
      const probed = await probe(component, port);
      expect(failed(probed), component).toEqual([]);
      expect(Object.keys(probed).toSorted(), component).toEqual(["database", ...expected, ...peers].toSorted());
    }
    for (const [component, port, expected] of beside) {
      const probed = await probe(component, port);
      expect(failed(probed), component).toEqual([]);
      expect(Object.keys(probed).toSorted(), component).toEqual([...expected, "database"].toSorted());
    }
    const portal = await probe("csghub-portal", 8090);
    expect(failed(portal)).toEqual([]);
    expect(Object.keys(portal).toSorted()).toEqual([
      "aigateway",
      "database",
      "hub",
      "hubKey",
      "objects",
      "privateObjects",
    ]);
  });

  it("lets root in by OAuth through the gateway, and sends the browser back to where it came from", async () => {
    const { target, answer } = await visit.signIn();

    expect(target.hostname).toBe(domain);
    expect(target.protocol).toBe(tls === "off" ? "http:" : "https:");
    expect(target.pathname).toBe("/server/callback");
    expect([answer.status, answer.body.toString("utf8")]).toEqual([200, expect.stringContaining('"admin"')]);
  });

  it("lets somebody in with an account of the company", async () => {
    const [main, casdoor] = ["PUBLIC_DOMAIN", "CASDOOR_ENDPOINT"].map((key) => visit.told.get(`STARHUB_SERVER_${key}`));
    const target = await signIn(main ?? "", casdoor ?? "");

    expect(target.href.startsWith(`${main}/`)).toBe(true);
    expect(target.searchParams.get("jwt")).toMatch(/^ey/);
  });

  it("takes an object by a presigned URL from outside, and gives it to whoever has one, outside and inside", async () => {
    const put = await visit.send(await visit.presign("PUT"), "PUT", domain);
    const url = await visit.presign("GET");
    const got = await visit.send(url, "GET");
    const fetching =
      "fetch(process.argv[1]).then((answer) => answer.text()).then((text) => process.stdout.write(text))";
    const trusting = tls === "off" ? [] : ["--env", "NODE_EXTRA_CA_CERTS=/run/slipway/ca.crt"];
    const container = `${platform.name}-csghub-server-1`;
    const inside = await platform.docker("exec", ...trusting, container, "node", "-e", fetching, url);

    expect([put.status, got.status, got.body.toString("utf8"), inside]).toEqual([200, 200, domain, domain]);
  });

  it("names an SSH host at which its own keys are shown", async () => {
    const named = new URL(visit.told.get("STARHUB_SERVER_SSH_DOMAIN") ?? "");

    expect([named.hostname, named.port]).toEqual([domain, String(platform.ports.ssh)]);
    await visit.proveSsh();
  });
});

describe("a person's way through the hub", () => {
  it("is gone from sign-in to the deleted model, and leaves nothing behind", async () => {
    const result = await platform.run(["verify", "--journey", "--json"]);
    const { wires } = JSON.parse(result.stdout) as VerifyResult;
    const journey = wires.find(({ wire }) => wire === "hub-journey");

    expect(journey).toMatchObject({ ok: true });
    expect((journey?.details ?? []).filter((line) => line.includes("failed"))).toEqual([]);
    expect(journey?.details).toEqual(
      expect.arrayContaining([
        "read the rows of a dataset in its preview",
        "the viewer has prepared the dataset",
        "another person is refused",
      ]),
    );
    const rows =
      "select (select count(*) from users where username like 'slipway-verify-%'), (select count(*) from models)";
    const psql = ["psql", "csghub_server", "--", "-Atc", rows];
    expect((await platform.run(psql)).stdout.trim()).toBe("0|0");
  });
});

/** The login that a service was given for this platform, to know that the way leads in at all. */
function givenLogins(visit: Visit): Readonly<Record<string, () => Promise<Login>>> {
  const loginOf = async (user: string, secret: string): Promise<Login> => ({
    user,
    password: (await readFile(join(platform.stateDir, "secrets", secret), "utf8")).trim(),
  });
  return {
    postgres: () => loginOf("postgres", "postgres-admin"),
    redis: () => loginOf("default", "redis"),
    nats: () => loginOf("csghub", "nats-hub"),
    minio: () => loginOf(visit.told.get("STARHUB_SERVER_S3_ACCESS_KEY_ID") ?? "", "s3-csghub-server"),
    registry: () => loginOf("registry", "registry"),
  };
}

describe("secrets that are replaced", () => {
  let rotated: SecretsRotateResult;
  const former = new Map<string, Login>();

  beforeAll(async () => {
    const given = givenLogins(await visitHub(platform, await ownAddress()));
    for (const [service, login] of Object.entries(given)) former.set(service, await login());
    rotated = await platform.json<SecretsRotateResult>(["secrets", "rotate", "--all"]);
  }, 400_000);

  it("are all but those that have to stay, and every wire passes with them", () => {
    expect(rotated.verify?.wires.filter((wire) => !wire.ok)).toEqual([]);
    expect(rotated.kept.map(({ name }) => name).toSorted()).toEqual([
      "casdoor-root",
      "casdoor-root-hash",
      "hub-credentials",
      "openid-provider-ca",
      "openid-provider-client",
    ]);
    expect(rotated.rotated.length).toBeGreaterThan(30);
  });

  it("open nothing any more, and the new ones what the old ones opened", async () => {
    const visit = await visitHub(platform, await ownAddress());
    const given = givenLogins(visit);
    for (const door of doorsOf(platform, visit)) {
      const [before, after] = [former.get(door.service), await given[door.service]?.()];
      if (before === undefined || after === undefined) continue;
      expect(after.password, door.service).not.toBe(before.password);
      expect(await door.enter([before, after]), door.service).toEqual([after]);
    }
  });

  it("people sign in again, and every program can use what it was given", async () => {
    const visit = await visitHub(platform, await ownAddress());
    const { answer } = await visit.signIn();

    expect([answer.status, answer.body.toString("utf8")]).toEqual([200, expect.stringContaining('"admin"')]);
    for (const [component, port] of [...programs, ...beside, ["csghub-portal", 8090] as const]) {
      expect(failed(await probe(component, port)), component).toEqual([]);
    }
  });
});

describe("logins that services are known to come with", () => {
  let visit: Visit;
  beforeAll(async () => {
    visit = await visitHub(platform, await ownAddress());
  });

  it("let nobody in, and are more than two hundred", async () => {
    const doors = doorsOf(platform, visit);
    const given = givenLogins(visit);
    const tried = doors.map(({ users }) => knownLogins(users));

    for (const [index, door] of doors.entries()) {
      const own = await given[door.service]?.();
      expect(await door.enter([...(tried[index] ?? []), ...(own === undefined ? [] : [own])]), door.service).toEqual([
        own,
      ]);
    }
    expect(tried.flat().length).toBeGreaterThan(200);
  });
});

describe("a platform of which something is stopped", () => {
  const containerOf = (component: string): string => `${platform.name}-${component}-1`;

  /** What verify finds while these are stopped; afterwards they are there again. */
  async function verifyWithout<T>(
    components: readonly string[],
    look: (result: VerifyResult) => Promise<T>,
  ): Promise<T> {
    await platform.docker("stop", ...components.map(containerOf));
    try {
      const { stdout } = await platform.run(["verify", "--json"]);
      return await look(JSON.parse(stdout) as VerifyResult);
    } finally {
      await platform.run(["start"]);
    }
  }

  const causes = ({ wires }: VerifyResult): ReadonlyMap<string, string> =>
    new Map(wires.flatMap(({ wire, ok, error, cause }) => (ok ? [] : [[wire, `${error} (${cause})`] as const])));

  it("without its database the hub says that it is well, and verify and status say that it is not", async () => {
    const seen = await verifyWithout(["postgres"], async (result) => {
      const asking = "fetch('http://127.0.0.1:8080/healthz').then(({ status }) => console.log(status))";
      const own = await platform.docker("exec", containerOf("csghub-server"), "node", "-e", asking);
      let status = await platform.json<StatusResult>(["status"], 7);
      // Until its health check has failed as often as it may.
      while (isOk(status, "csghub-server")) status = await platform.json<StatusResult>(["status"], 7);
      return { failing: causes(result), own: own.trim(), status };
    });

    expect(seen.own).toBe("200");
    expect(seen.status.overall).toBe("degraded");
    expect(isOk(seen.status, "postgres")).toBe(false);
    expect(seen.failing.get("csghub_server-database")).toMatch(/ENOTFOUND|EAI_AGAIN.*the service/);
    expect(seen.failing.get("route-hub-api")).toMatch(/answered 500.*something that it needs/);
    expect(seen.failing.has("temporal")).toBe(true);
    expect(seen.failing.has("route-portal")).toBe(false);
  });

  it("without the sign-in just that is named", async () => {
    const failing = await verifyWithout(["casdoor"], (result) => Promise.resolve(causes(result)));

    expect([...failing.keys()]).toEqual(["sign-in"]);
    expect(failing.get("sign-in")).toMatch(/answered 50[234].*Casdoor is healthy/);
  });

  it("is whole again when they are back", async () => {
    expect(await platform.json<StatusResult>(["status"])).toMatchObject({ overall: "healthy" });
  });
});

function isOk({ components }: StatusResult, id: string): boolean {
  return components.find((row) => row.id === id)?.ok ?? false;
}
