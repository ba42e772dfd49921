import { keptClaims, missingKept } from "../claims.ts";
import { kinds } from "../kinds.ts";
import type { CheckFinding } from "../../check.ts";
import type { HelmCheck } from "./cluster-check.ts";

export const claimsKept: HelmCheck = {
  id: "cluster.claims",
  title: "the claims that the values name are there",
  why: "a pod waits for ever for a claim that nobody has made",
  severity: "failure",
  run: async ({ cluster, place, plan }) => {
    const looks = keptClaims(plan).map(async (kept): Promise<readonly CheckFinding[]> => {
      const found = await cluster.get({ ...kinds.claim, ...place, name: kept.claim });
      if (found === undefined) return [{ component: kept.component, ...missingKept(kept, place) }];
      if (found.metadata.deletionTimestamp === undefined) return [];
      return [
        {
          component: kept.component,
          message: `the claim ${kept.claim} was deleted, and goes as soon as nothing uses it`,
          remedy: "save what is in it, and name another claim",
        },
      ];
    });
    return (await Promise.all(looks)).flat();
  },
};
