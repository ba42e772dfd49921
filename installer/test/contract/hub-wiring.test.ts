import { beforeAll, describe, expect, it } from "vitest";
import { renderCompose } from "../../src/render/compose/render-compose.ts";
import { renderHelm } from "../../src/render/helm/render-helm.ts";
import { referencePlan } from "../support/compose-reference.ts";
import { profilePlan } from "../support/infra-plan.ts";
import { templatePlan } from "./helm.ts";
import { contract, type ContractRow, unknownReaders } from "./hub-wiring/contract.ts";
import { readSettings, settingsPath } from "./hub-wiring/read-settings.ts";
import { composeOutput, composeUnits } from "./parity/parity-compose.ts";
import { helmUnits } from "./parity/parity-helm.ts";
import type { ParityUnit, ParityUnits } from "./parity/parity-unit.ts";

const plan = referencePlan("standard");
const programs = plan.components
  .filter(({ workload }) => workload?.container.files.some(({ path }) => path === settingsPath))
  .map(({ id }) => id);

/** Set by the platform for every container of it. */
const ofEveryContainer = ["TZ"];

function programsOf(row: ContractRow): readonly string[] {
  return row.programs === "every" ? programs : row.programs.map((name) => `csghub-${name}`);
}

function unitOf(units: ParityUnits, id: string): ParityUnit {
  const unit = units.get(id);
  if (unit === undefined) throw new RangeError(`nothing is rendered for ${id}`);
  return unit;
}

it("where applications have names of their own, every program is told below which", () => {
  const units = composeUnits(
    composeOutput(
      renderCompose(profilePlan("standard", ["domain=platform.example.org", "appsDomain=apps.example.org"])),
    ),
  );

  for (const id of programs)
    expect(unitOf(units, id).env).toMatchObject({ STARHUB_SERVER_PUBLIC_ROOT_DOMAIN: "apps.example.org" });
});

describe.each(["Compose", "Kubernetes"])("the hub's programs on %s", (target) => {
  let units: ParityUnits;
  beforeAll(async () => {
    units =
      target === "Compose"
        ? composeUnits(composeOutput(renderCompose(plan)))
        : helmUnits(await templatePlan(plan), renderHelm(plan));
  });

  it.each(contract.map((row) => [row.variable, row] as const))("%s is what the contract says", (variable, row) => {
    for (const id of programsOf(row)) {
      const { env, files } = unitOf(units, id);
      const settings = readSettings(files[settingsPath] ?? "");
      const value = row.key === undefined ? env[variable] : settings.get(row.key);
      expect({ id, value }).toEqual({ id, value: row.value });
      if (row.key !== undefined) expect(env).not.toHaveProperty(variable);
    }
    for (const [id, path, text] of row.equals ?? []) {
      expect(unitOf(units, id).files[path] ?? "").toContain(text);
    }
  });

  it("have one token, for which the gateway exchanges what the portal shows", () => {
    const portal = unitOf(units, "csghub-portal").files["/run/slipway/portal.env"] ?? "";
    const [, shown] = /^export CSGHUB_PORTAL_STARHUB_API_KEY='\$\{secret:([a-z-]+)\}'$/m.exec(portal) ?? [];
    const nginx = unitOf(units, "gateway").files["/etc/nginx/nginx.conf"] ?? "";

    expect(shown).not.toBe("hub-api-token");
    expect(nginx).toContain(`"Bearer \${secret:${shown ?? ""}}" csghub-portal;`);
    expect(nginx).toContain(`csghub-portal "Bearer \${secret:hub-api-token}";`);
    expect(nginx).toContain('"~${secret:hub-api-token}" inside;');
  });

  it("are told nothing that is not in the contract", () => {
    for (const id of programs) {
      const { env, files } = unitOf(units, id);
      const rows = contract.filter((row) => programsOf(row).includes(id));
      const variables = rows.flatMap(({ variable, key }) => (key === undefined ? [variable] : []));
      const keys = rows.flatMap(({ key }) => key ?? []);
      expect(
        Object.keys(env)
          .filter((name) => !ofEveryContainer.includes(name))
          .sort(),
      ).toEqual(variables.sort());
      expect([...readSettings(files[settingsPath] ?? "").keys()].sort()).toEqual(keys.sort());
    }
  });
});

it("the contract has no empty cell, and what is unknown is marked", () => {
  for (const row of contract) {
    expect(row.value).not.toBe("");
    expect(row.from).not.toBe("");
    expect(programsOf(row).length).toBeGreaterThan(0);
  }
  expect(unknownReaders.filter((name) => !contract.some(({ variable }) => variable === name))).toEqual([]);
});
