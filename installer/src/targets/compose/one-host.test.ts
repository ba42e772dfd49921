import { expect, it } from "vitest";
import { referencePlan } from "../../../test/support/compose-reference.ts";
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
