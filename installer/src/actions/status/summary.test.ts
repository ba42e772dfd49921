import { expect, it } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { registrationsIn } from "./summary.ts";

it("says what has to be entered elsewhere, and for which component", () => {
  const provider = ["issuer=https://login.corp.example", "clientId=ai", "clientSecret=s"];
  const plan = infraPlan(["domain=ai.corp", ...provider.map((set) => `casdoor.provider.${set}`)]);

  expect(registrationsIn(plan)).toEqual({
    registrations: [
      {
        component: "openid-provider",
        place: "https://login.corp.example",
        what: expect.objectContaining({ en: "redirect URI of the client ai" }) as object,
        value: "https://casdoor.ai.corp/callback",
      },
    ],
  });
  expect(registrationsIn(infraPlan())).toEqual({});
});
