import { expect, it } from "vitest";
import { referencePlan } from "../../../test/support/compose-reference.ts";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { acceptOneHost } from "./one-host.ts";
import { rules } from "./rules.ts";

it("refuses what has to outlast the loss of a machine, and says what to do", async () => {
  const plan = referencePlan("ha");
  const refusal = expect.objectContaining({
    code: "USAGE",
    message: "availability is high (profile ha), and Compose runs everything on one host",
    hint: "add --mode helm to install on a cluster, or start from a profile for one host, such as --profile standard",
  }) as Error;

  expect(() => acceptOneHost(plan)).toThrow(refusal);
  await expect(rules.render(plan)).rejects.toThrow(refusal);
});

it.each(["infra", "standard"])("takes the profile %s", (profile) => {
  expect(() => acceptOneHost(referencePlan(profile))).not.toThrow();
});

it("refuses a claim of a cluster, and says what takes its place", () => {
  const plan = infraPlan(["backup.mode=embedded", "backup.claim=backups"]);

  expect(() => acceptOneHost(plan)).toThrow(
    expect.objectContaining({
      code: "USAGE",
      message: "backup.claim is backups, and Compose runs on one host, which knows no claims",
      hint: expect.stringContaining("--set backup.claim= --set backup.directory=/mnt/backup") as string,
    }) as Error,
  );
});
