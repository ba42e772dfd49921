/** The whole platform with the stand-in in CSGHub's place: what every program was given is used once. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { VerifyResult } from "../../src/actions/verify/verify.ts";
import { ensureCasdoorStandIn } from "../stand-ins/casdoor/image.ts";
import { ensureHubStandIn } from "../stand-ins/hub/image.ts";
import { askProbe, type Probed } from "../stand-ins/hub/testing/ask-probe.ts";
import type { ChildResult } from "../support/child.ts";
import { openPlatform, type Platform } from "../support/platform.ts";

let platform: Platform;
let first: ChildResult;

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
  const sets = [...images, "domain=platform.test", "appsDomain=apps.platform.test", ...more].flatMap((set) => [
    "--set",
    set,
  ]);
  platform = await openPlatform({ arguments: ["--profile", "standard", ...sets] });
  first = await platform.run(["install", "--json"]);
}, 400_000);

afterAll(() => platform.dispose());

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
    address = await platform.docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}");
    const sets = [`domain=${address.trim()}`, `bindAddress=${address.trim()}`, "tls.mode=off", "appsDomain="];
    moved = await platform.run(["install", "--json", ...sets.flatMap((set) => ["--set", set])]);
  }, 200_000);

  it("passes every wire under its new address", async () => {
    expect(moved.exitCode, moved.stderr).toBe(0);
    const result = await platform.json<VerifyResult>(["verify"]);
    expect(result.wires.filter((wire) => !wire.ok)).toEqual([]);
    expect(result.wires.find(({ wire }) => wire === "sign-in")?.address).toContain(address.trim());
  });

  it.each([...programs, ...beside])("%s can use all that it was given", async (component, port) => {
    expect(failed(await probe(component, port))).toEqual([]);
  });
});
