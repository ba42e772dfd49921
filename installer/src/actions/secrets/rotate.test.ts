import { describe, expect, test } from "vitest";
import { fixturePlan } from "../../../test/support/fixture-plan.ts";
import { createMemoryFileSystem, createStillClock } from "../../../test/support/memory-ports.ts";
import type { Plan, SecretSpec } from "../../plan/model.ts";
import type { ActionPorts } from "../context.ts";
import type { InstallRequest, InstallResult } from "../install/install-request.ts";
import { rotateSecrets, type SecretsRotateRequest } from "./rotate.ts";

const place = { name: "p", stateDir: "/state" };
const kept: SecretSpec = {
  name: "sealing",
  description: "key that data is encrypted with",
  generator: { kind: "random", bytes: 16, encoding: "hex" },
  rotation: { kind: "kept", reason: "data is encrypted with it", instead: "make the data anew" },
};
const given: SecretSpec = {
  name: "mail",
  description: "password at the mail server",
  generator: { kind: "given", valuesPath: "notifier.mail.password" },
};
const made: SecretSpec = { name: "mail-line", description: "of it", generator: { kind: "bcrypt", of: "sealing" } };

function planWith(...more: readonly SecretSpec[]): Plan {
  const plan = fixturePlan({ name: "p" });
  return { ...plan, secrets: [...plan.secrets, ...more] };
}

/** What was asked of the install that follows. */
async function rotate(request: Partial<SecretsRotateRequest>, plan = planWith(kept, given, made)) {
  const asked: InstallRequest[] = [];
  const fs = createMemoryFileSystem({ "/state/plan.json": JSON.stringify(plan) });
  const ports = { fs, clock: createStillClock() } as unknown as ActionPorts;
  const bringUp = (install: InstallRequest): Promise<InstallResult> => {
    asked.push(install);
    return Promise.resolve({ logFile: "/state/logs/1" } as InstallResult);
  };
  const result = await rotateSecrets({ ...place, secrets: [], ...request }, ports, bringUp);
  return { result, asked };
}

describe("secrets that are to be replaced", () => {
  test("are handed to an install of the platform as it is recorded", async () => {
    const { result, asked } = await rotate({ secrets: ["store-password"] });

    const values = { files: [], set: [], without: [] };
    expect(asked).toEqual([{ ...place, values, rotate: ["store-password"], command: "secrets rotate store-password" }]);
    expect(result.rotated).toMatchObject([{ name: "store-password" }]);
    expect(result.rotated[0]?.usedBy).toContain("store");
    expect(result.kept).toEqual([]);
  });

  test("are all that can be, and those that stay are told with the reason and the way", async () => {
    const { result, asked } = await rotate({ all: true });

    expect(asked[0]?.rotate).toContain("store-password");
    expect(result.kept.map(({ name }) => name)).not.toContain("store-hash");
    expect(result.kept.slice(1)).toEqual([
      { name: "sealing", reason: "data is encrypted with it", instead: "make the data anew" },
      {
        name: "mail",
        reason: "it was given",
        instead: "replace it where it comes from, then slipway install hands it on",
      },
      { name: "mail-line", reason: "it is made of sealing", instead: "make the data anew" },
    ]);
    expect(asked[0]?.rotate).not.toContain("mail-line");
  });

  test("are only told of in a dry run", async () => {
    const { result, asked } = await rotate({ all: true, dryRun: true });

    expect(asked).toEqual([]);
    expect(result).toMatchObject({ dryRun: true });
    expect(result.rotated.map(({ name }) => name)).toContain("store-password");
  });

  test.each([
    [{ secrets: ["sealing"] }, "sealing is not replaced: data is encrypted with it", "make the data anew"],
    [{ secrets: ["store-pasword"] }, "there is no secret store-pasword, did you mean store-password?", "secrets list"],
    [{ secrets: [] }, "it is not said which secret", "--all"],
    [{ secrets: ["store-password"], all: true }, "--all stands for every secret, and others are named", "--all"],
  ])("that cannot be are refused before anything is done: %j", async (request, message, hint) => {
    await expect(rotate(request)).rejects.toMatchObject({
      code: "USAGE",
      message,
      hint: expect.stringContaining(hint) as string,
    });
  });
});
