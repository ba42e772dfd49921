import { describe, expect, it } from "vitest";
import { profilePlan } from "../../test/support/infra-plan.ts";
import { listProblems } from "../../test/support/values-sources.ts";
import { editionReference, editions } from "./editions.ts";

const hub = "\ndomain: hub.corp.example\nserver: { mode: embedded }";
const closed = "xnet, llmlog, agentichub, csgship";

describe("an edition", () => {
  it.each([
    ["ce", []],
    [
      "ee",
      [
        `edition: has programs that are closed (${closed}), and none of them is here (got "ee"), allowed is ce [my.yaml:1:10]`,
      ],
    ],
    [
      "saas",
      [
        `edition: has programs that are closed (${closed}, payment, fedap, trustregistry), and none of them is here (got "saas"), allowed is ce [my.yaml:1:10]`,
      ],
    ],
  ])("%s with the hub", (edition, problems) => {
    expect(listProblems(`edition: ${edition}${hub}`)).toEqual(problems);
  });

  it.each(Object.keys(editions))("%s changes nothing of the services under it", (edition) => {
    expect(listProblems(`edition: ${edition}`)).toEqual([]);
  });

  it("decides what server and portal are told", () => {
    const plan = profilePlan("standard", ["domain=hub.corp.example"]);
    const told = (id: string): Readonly<Record<string, unknown>> => {
      const env = plan.components.find((component) => component.id === id)?.workload?.container.env ?? [];
      return Object.fromEntries(env.map(({ name, value }) => [name, value[0]]));
    };

    expect(told("csghub-server")).toHaveProperty("STARHUB_SERVER_SAAS", String(editions.ce.saas));
    expect(told("csghub-portal")).toHaveProperty("CSGHUB_PORTAL_ON_PREMISE", String(editions.ce.onPremise));
  });
});

describe("an image of the hub", () => {
  it.each([
    ["opencsghq/csghub-server:v2.4.0", "ce", "opencsghq/csghub-server:v2.4.0-ce"],
    ["opencsghq/csghub-server:v2.4.0", "ee", "opencsghq/csghub-server:v2.4.0-ee"],
    ["opencsghq/csghub-server:v2.4.0-ee", "ce", "opencsghq/csghub-server:v2.4.0-ce"],
    ["opencsghq/csghub-server:v2.4.0-ce", "ce", "opencsghq/csghub-server:v2.4.0-ce"],
    ["corp/hub:2.4", "ce", "corp/hub:2.4"],
    ["corp/hub:v2.4.0-patched", "ee", "corp/hub:v2.4.0-patched"],
    ["", "ce", ""],
  ] as const)("%s as %s is %s", (reference, edition, expected) => {
    expect(editionReference(reference, edition)).toBe(expected);
  });

  it.each(["server", "portal"])("of another edition is refused: %s", (key) => {
    expect(listProblems(`${key}: { image: corp/hub:v2.4.0-ee }`).map((line) => line.slice(0, 120))).toEqual([
      expect.stringContaining(
        `${key}.image: is not of the edition ce (got "corp/hub:v2.4.0-ee"), allowed is corp/hub:v2.4.0-ce`,
      ),
    ]);
  });
});

describe("what is asked for and not here", () => {
  it.each([
    ["runner", "needs a cluster to run them in"],
    ["xnet", "closed program of other editions"],
    ["superset", "is not part of the platform yet"],
  ])("%s is answered with the reason", (key, reason) => {
    expect(listProblems(`${key}: { mode: embedded }`)[0]).toContain(reason);
  });
});
