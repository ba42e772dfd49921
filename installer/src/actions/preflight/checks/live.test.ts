import { describe, expect, it } from "vitest";
import { fakeContext } from "../../../../test/support/fake-check-context.ts";
import { issueCertificate } from "../../../../test/support/issue-certificate.ts";
import { runChecks } from "../run-checks.ts";
import { liveChecks } from "./live.ts";
import { findings } from "./testing/findings.ts";

describe("the live platform", () => {
  const component = {
    id: "redis",
    state: "exited",
    health: "none",
    ok: false,
    drift: ["image changed"],
    severed: [],
  };
  const status = { components: [component], foreign: ["stray"] };
  const secrets = "/var/lib/slipway/slipway/secrets";

  it("says which component is down and what drifted", async () => {
    expect(await findings("live.health", { status })).toMatchObject([{ component: "redis", message: "it is stopped" }]);
    expect(await findings("live.health", { status: { ...status, overall: "stopped" } })).toMatchObject([
      { message: "the platform is stopped", remedy: "run slipway start" },
    ]);
    expect(await findings("live.health", { status: { ...status, overall: "absent" } })).toMatchObject([
      { message: expect.stringContaining("no component and no data") as string },
    ]);
    expect((await findings("live.drift", { status })).map((finding) => finding.message)).toEqual([
      "image changed",
      expect.stringContaining("stray"),
    ]);
  });

  it("says which component is cut off from the others, once", async () => {
    const severed = ["it is not in the network data"];
    const cut = { ...component, state: "running", health: "healthy", drift: ["image changed", ...severed], severed };

    expect(await findings("live.health", { status: { components: [cut], foreign: [] } })).toMatchObject([
      {
        severity: "failure",
        component: "redis",
        message: severed[0],
        remedy: expect.stringContaining("install") as string,
      },
    ]);
    expect(
      (await findings("live.drift", { status: { components: [cut], foreign: [] } })).map(({ message }) => message),
    ).toEqual(["image changed"]);
  });

  it("says that the records of what runs are elsewhere", async () => {
    const context = fakeContext();
    const elsewhere = { message: "a platform named slipway runs here", hint: "give --state-dir /srv/old" };
    const check = liveChecks.filter(({ id }) => id === "live.records");

    const { findings: found } = await runChecks(check, { ...context, status: undefined, elsewhere });

    expect(found).toMatchObject([{ severity: "failure", message: elsewhere.message, remedy: elsewhere.hint }]);
    expect(await findings("live.records")).toEqual([]);
  });

  it("says that the last change is not complete, also where everything serves", async () => {
    const serving = { components: [{ ...component, state: "running", ok: true }], foreign: [] };

    expect(await findings("live.complete", { status: serving })).toEqual([]);
    expect(
      await findings("live.complete", { status: { ...serving, changeSince: "2026-11-28T20:00:00.000Z" } }),
    ).toMatchObject([
      {
        severity: "failure",
        message: "the change begun at 2026-11-28T20:00:00.000Z is not complete",
        remedy: "unless an install is at work, run the same slipway install again, with its -f and --set, to finish it",
      },
    ]);
  });

  it("finds every certificate that ends soon or has ended, also of authorities behind the first", async () => {
    const leaf = await issueCertificate({ commonName: "ai.corp.example", days: [-10, 300] });
    const issuing = await issueCertificate({ commonName: "Corp Issuing", days: [-900, -2] });
    const soon = await issueCertificate({ commonName: "ca", days: [-10, 20] });
    const files = {
      [`${secrets}/tls-certificate`]: leaf.pem + issuing.pem,
      [`${secrets}/ca.certificate`]: soon.pem,
      [`${secrets}/tls-key`]: leaf.key,
    };
    const set = ["domain=ai.corp.example", "tls.mode=files", "tls.certFile=/tls/crt", "tls.keyFile=/tls/key"];
    const now = new Date().toISOString();

    const found = await findings("live.certificates", { status, files, set, now });

    expect(found.map(({ severity, message }) => [severity, message])).toEqual([
      ["failure", expect.stringMatching(/^the 2nd certificate \(Corp Issuing\) of tls-certificate ended on/)],
      ["warning", expect.stringMatching(/^ca\.certificate ends on/)],
    ]);
    expect(found[0]?.remedy).toContain("the file that the values name");
    expect(found[1]?.remedy).toContain("it renews");
  });

  it("finds a certificate that is not valid yet, as where the clock is behind", async () => {
    const leaf = await issueCertificate({ commonName: "ai.corp.example", days: [1, 300] });
    const files = { [`${secrets}/ca.certificate`]: leaf.pem };

    const found = await findings("live.certificates", { status, files, now: new Date().toISOString() });

    expect(found).toMatchObject([
      { severity: "failure", message: expect.stringMatching(/^ca\.certificate is valid only from 20/) as string },
    ]);
  });

  it("finds secrets that others can read, short ones and well-known ones", async () => {
    const files = {
      [`${secrets}/a`]: "minioadmin",
      [`${secrets}/b`]: "short-one",
      [`${secrets}/c`]: "long-enough-and-random-0123",
      [`${secrets}/d`]: "responses-id-secret",
    };
    const stats = { [secrets]: { directory: true, mode: 0o700 }, [`${secrets}/b`]: { mode: 0o644 } };

    expect((await findings("live.secret-modes", { status, files, stats })).map((finding) => finding.message)).toEqual([
      `${secrets}/b is open to others (mode 644)`,
    ]);
    expect((await findings("live.weak-secrets", { status, files, stats })).map((finding) => finding.message)).toEqual([
      "a is a well-known default",
      "b has only 9 characters",
      "d is a well-known default",
    ]);
  });

  it("finds container logs beyond their limit", async () => {
    const stats = { "/var/lib/docker/containers/abc/abc-json.log": { size: 500 * 1024 * 1024 } };

    const live = { services: new Map([["redis", { component: "redis", id: "abc" }]]) };

    expect(await findings("live.container-logs", { live, stats })).toMatchObject([
      { component: "redis", severity: "warning" },
    ]);
  });

  it("that cannot be looked at is a failure, not taken for one that is not installed", async () => {
    const unknown = "/var/lib/slipway/slipway/applied.json is damaged";

    expect(await findings("live.readable", { status: { unknown } })).toMatchObject([
      { severity: "failure", message: `the state of the platform is not known: ${unknown}` },
    ]);
  });

  it("is silent when nothing is installed", async () => {
    const report = await runChecks(liveChecks, fakeContext());

    expect(report.findings.every((finding) => finding.severity === "ok")).toBe(true);
  });
});
