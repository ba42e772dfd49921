import { expect, it } from "vitest";
import { renderCompose } from "../../src/render/compose/render-compose.ts";
import { checkHardening } from "../../src/render/hardening/check-hardening.ts";
import { judgeFindings } from "../../src/render/hardening/exemptions.ts";
import { hardeningExemptions } from "../../src/render/hardening/hardening-exemptions.ts";
import type { HardeningFinding } from "../../src/render/hardening/hardening-input.ts";
import { renderHelm } from "../../src/render/helm/render-helm.ts";
import { templatePlan } from "./helm.ts";
import { profiles, referencePlan, referenceProfiles } from "../support/compose-reference.ts";
import { planOfEveryComponent } from "../support/every-component.ts";
import { infraPlan } from "../support/infra-plan.ts";

it("every rendering of every profile breaks no hardening rule but by a valid exemption", async () => {
  const findings: HardeningFinding[] = [];
  const infra = [[], ["casdoor.mode=off", "tls.mode=off"]].map((sets) => infraPlan(sets));
  const onOneHost = [...infra, ...referenceProfiles().map(referencePlan), planOfEveryComponent("oneHost")];
  for (const plan of onOneHost) {
    findings.push(...checkHardening({ target: "compose", files: renderCompose(plan).files }));
  }
  for (const plan of [...infra, ...profiles().map(referencePlan), planOfEveryComponent()]) {
    const objects = await templatePlan(plan);
    findings.push(...checkHardening({ target: "helm", objects, secrets: renderHelm(plan).secrets }));
  }

  const { violations, exempted } = judgeFindings(findings, hardeningExemptions, new Date().toISOString().slice(0, 10));

  expect(violations).toEqual([]);
  expect(new Set(exempted.map(({ exemption }) => exemption)).size).toBe(hardeningExemptions.length);
});
