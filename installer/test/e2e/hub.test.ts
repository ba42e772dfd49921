/** The whole platform with the stand-in in CSGHub's place: what every program was given is used once. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { VerifyResult } from "../../src/actions/verify/verify.ts";
import { ensureCasdoorStandIn } from "../stand-ins/casdoor/image.ts";
import { ensureHubStandIn } from "../stand-ins/hub/image.ts";
import { askProbe, type Probed } from "../stand-ins/hub/testing/ask-probe.ts";
import { sendHttp } from "../../../toolbox/src/http-request.ts";
import { Company } from "../stand-ins/openid-provider/testing/company.ts";
import { signInByProvider } from "../stand-ins/openid-provider/testing/sign-in.ts";
import { type ChildResult, mustRun } from "../support/child.ts";
import { openPlatform, type Platform } from "../support/platform.ts";

let platform: Platform;
let first: ChildResult;
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
  const names = ["domain=platform.test", "appsDomain=apps.platform.test"];
  const sets = [...images, ...names, ...more, ...(await companyAccounts())].flatMap((set) => ["--set", set]);
  platform = await openPlatform({ arguments: ["--profile", "standard", ...sets] });
  callbacks.push(`https://casdoor.platform.test:${platform.ports.https}/callback`);
  first = await platform.run(["install", "--json"]);
}, 400_000);

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

describe("the profile standard, by domain and with our own authority", () => {
  it("is installed, and passes every wire", async () => {
    expect(first.exitCode, first.stderr).toBe(0);
    const result = await platform.json<VerifyResult>(["verify"]);
    expect(result.wires.filter((wire) => !wire.ok)).toEqual([]);
  });

  it("lets somebody in with an account of the company", async () => {
    const main = `https://platform.test:${platform.ports.https}`;
    const target = await signIn(main, `https://casdoor.platform.test:${platform.ports.https}`);

    expect(target.href.startsWith(`${main}/`)).toBe(true);
    expect(target.searchParams.get("jwt")).toMatch(/^ey/);
  });

  it.each(programs)("%s can use all that it was given", async (component, port, expected) => {
    const probed = await probe(component, port);
    expect(failed(probed)).toEqual([]);
    expect(Object.keys(probed).toSorted()).toEqual(["database", ...expected, ...peers].toSorted());
  });

  it("the portal can use all that it was given", async () => {
    const probed = await probe("csghub-portal", 8090);
    expect(failed(probed)).toEqual([]);
    expect(Object.keys(probed).toSorted()).toEqual([
      "aigateway",
      "database",
      "hub",
      "hubKey",
      "objects",
      "privateObjects",
    ]);
  });

  it.each(beside)("%s can use all that it was given", async (component, port, expected) => {
    const probed = await probe(component, port);
    expect(failed(probed)).toEqual([]);
    expect(Object.keys(probed).toSorted()).toEqual([...expected, "database"].toSorted());
  });
});

describe("the same platform, moved to an IP address and without TLS", () => {
  let address: string;
  let moved: ChildResult;
  beforeAll(async () => {
    address = await ownAddress();
    callbacks.push(`http://${address}:${platform.ports.casdoor}/callback`);
    const sets = [`domain=${address}`, `bindAddress=${address}`, "tls.mode=off", "appsDomain="];
    moved = await platform.run(["install", "--json", ...sets.flatMap((set) => ["--set", set])]);
  }, 200_000);

  it("passes every wire under its new address", async () => {
    expect(moved.exitCode, moved.stderr).toBe(0);
    const result = await platform.json<VerifyResult>(["verify"]);
    expect(result.wires.filter((wire) => !wire.ok)).toEqual([]);
    expect(result.wires.find(({ wire }) => wire === "sign-in")?.address).toContain(address);
  });

  it("lets the same person in, by the new addresses", async () => {
    const main = `http://${address}:${platform.ports.http}`;
    const target = await signIn(main, `http://${address}:${platform.ports.casdoor}`);

    expect(target.href.startsWith(`${main}/`)).toBe(true);
    expect(target.searchParams.get("jwt")).toMatch(/^ey/);
  });

  it.each([...programs, ...beside])("%s can use all that it was given", async (component, port) => {
    expect(failed(await probe(component, port))).toEqual([]);
  });
});
