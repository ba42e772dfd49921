import { expect, test } from "vitest";
import { fixturePlan } from "../../../test/support/fixture-plan.ts";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
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
