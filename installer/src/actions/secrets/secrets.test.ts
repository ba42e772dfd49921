import { rootCertificates } from "node:tls";
import { expect, test } from "vitest";
import { fixturePlan } from "../../../test/support/fixture-plan.ts";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { secretFile } from "../../execute/secrets/secret-parts.ts";
import { exportCa } from "./ca-export.ts";
import { listSecrets, showSecret } from "./secrets.ts";

const place = { name: "p", stateDir: "/state" };

test.each(["plan.json", "plan.pending.json"])(
  "secrets are told and shown by %s: a first install may have failed",
  async (name) => {
    const fs = createMemoryFileSystem({
      [`/state/${name}`]: JSON.stringify(fixturePlan({ name: "p" })),
      "/state/secrets/store-password": "of the store",
    });

    const { secrets } = await listSecrets(place, { fs });
    const { value } = await showSecret({ ...place, secret: "store-password" }, { fs });

    expect(secrets.find(({ files }) => files.length > 0)?.name).toBe("store-password");
    expect(value).toBe("of the store");
  },
);

test("where nothing was installed there are none", async () => {
  await expect(listSecrets(place, { fs: createMemoryFileSystem() })).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: "nothing is installed under the name p",
  });
});

test.each([
  ["brings", "plan.pending.json", "plan.json"],
  ["takes away", "plan.json", "plan.pending.json"],
])(
  "while a change that %s the authority is not complete, it is handed out, and its secrets are shown",
  async (...row) => {
    const [, withAuthority, without] = row;
    const plan = fixturePlan({ name: "p" });
    const rest = plan.secrets.filter(({ name }) => !["ca", "web-tls"].includes(name));
    const [certificate = ""] = rootCertificates;
    const fs = createMemoryFileSystem({
      [`/state/${withAuthority}`]: JSON.stringify(plan),
      [`/state/${without}`]: JSON.stringify({ ...plan, secrets: rest }),
      [secretFile("/state/secrets", "ca", "certificate")]: certificate,
    });

    expect(await exportCa(place, { fs })).toMatchObject({ certificate });
    const { secrets } = await listSecrets(place, { fs });
    expect(secrets.map(({ name }) => name).sort()).toEqual(plan.secrets.map(({ name }) => name).sort());
    expect(await showSecret({ ...place, secret: "ca", part: "certificate" }, { fs })).toMatchObject({
      value: certificate,
    });
  },
);

test("an authority that a change was to bring is not handed out before it is made", async () => {
  const plan = fixturePlan({ name: "p" });
  const fs = createMemoryFileSystem({
    "/state/plan.json": JSON.stringify({ ...plan, secrets: [] }),
    "/state/plan.pending.json": JSON.stringify(plan),
  });

  await expect(exportCa(place, { fs })).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: "the authority of p was not made yet",
  });
});
