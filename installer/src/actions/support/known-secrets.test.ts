import { expect, test } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { hashOf } from "../../execute/digest.ts";
import type { Install } from "../../execute/state/install.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { nothingApplied } from "../../execute/state/records.ts";
import { knownSecrets } from "./known-secrets.ts";

const plan = infraPlan();
const layout = stateLayout("/state");
const install: Install = {
  ...{ name: "p", stateDir: "/state", layout, plan, pendingPlan: undefined },
  identity: { uuid: "u", name: "p", createdAt: "", digestKey: "0123456789abcdef", target: { kind: "memory" } },
  applied: { ...nothingApplied, release: 2 },
};
const [first = ""] = plan.secrets.map(({ name }) => name);

test("secrets are known from their folder, from values of any revision, and by the key of their digests", async () => {
  const earlier = { apiVersion: "slipway/v1", kind: "Revision", revision: 1, at: "", version: "1", appliedHash: "" };
  const values = "postgres:\n  password: former-one\n";
  const fs = createMemoryFileSystem({
    [`/state/secrets/${first}`]: "made-by-us",
    "/state/secrets/ca.certificate": "public",
    [layout.values]: "domain: hub.example.org\npostgres:\n  password: given-now\ncasdoor: { clientSecret: 12345678 }\n",
    "/state/revisions/1.json": JSON.stringify({
      ...earlier,
      values,
      plan,
      planHash: hashOf(plan),
      images: {},
      secrets: {},
    }),
  });

  const known = await knownSecrets(install, fs);

  expect([...known.values.values()]).toEqual(["made-by-us", "0123456789abcdef", "given-now", "12345678", "former-one"]);
  expect(known.missing).toEqual(plan.secrets.map(({ name }) => name).filter((name) => name !== first));
});

test("values that cannot be read leave what the folder has", async () => {
  const fs = createMemoryFileSystem({ [`/state/secrets/${first}`]: "made-by-us", [layout.values]: "{" });

  expect([...(await knownSecrets(install, fs)).values.values()]).toEqual(["made-by-us", "0123456789abcdef"]);
});

test("a folder that cannot be read stops everything", async () => {
  const memory = createMemoryFileSystem({ [`/state/secrets/${first}`]: "made-by-us" });
  const fs = { ...memory, readText: () => Promise.reject(new Error("EACCES")) };

  await expect(knownSecrets(install, fs)).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: "the secrets in /state/secrets cannot be read, and nothing could be kept out of a bundle",
  });
});
