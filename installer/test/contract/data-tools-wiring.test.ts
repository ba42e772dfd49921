import { beforeAll, describe, expect, it } from "vitest";
import { renderCompose } from "../../src/render/compose/render-compose.ts";
import { renderHelm } from "../../src/render/helm/render-helm.ts";
import { profilePlan } from "../support/infra-plan.ts";
import { templatePlan } from "./helm.ts";
import { dataToolContract, type DataToolRow, unknownOfDataTools } from "./hub-wiring/data-tools.ts";
import { composeOutput, composeUnits } from "./parity/parity-compose.ts";
import { helmUnits } from "./parity/parity-helm.ts";
import type { ParityUnit, ParityUnits } from "./parity/parity-unit.ts";

const modes = ["dataflow.mode=embedded", "labelStudio.mode=embedded"];
const plan = profilePlan("standard", ["domain=platform.example.org", ...modes]);
const components = ["csghub-dataflow", "label-studio"] as const;

/** Set by the platform for every container of it. */
const ofEveryContainer = ["TZ"];

function unitOf(units: ParityUnits, id: string): ParityUnit {
  const unit = units.get(id);
  if (unit === undefined) throw new RangeError(`nothing is rendered for ${id}`);
  return unit;
}

/** Lines of the file that the shell of the image reads. */
function exported(files: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const text = Object.entries(files).find(([path]) => path.endsWith(".env"))?.[1] ?? "";
  return new Map([...text.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = "", value = ""]) => [name, value]));
}

describe.each(["Compose", "Kubernetes"])("the programs beside the hub on %s", (target) => {
  let units: ParityUnits;
  beforeAll(async () => {
    units =
      target === "Compose"
        ? composeUnits(composeOutput(renderCompose(plan)))
        : helmUnits(await templatePlan(plan), renderHelm(plan));
  });

  it.each(dataToolContract.map((row) => [row.component, row.variable, row] as const))(
    "%s: %s is what the contract says",
    (component, variable, row) => {
      const { env, files } = unitOf(units, component);
      expect(row.secret === true ? exported(files).get(variable) : env[variable]).toBe(row.value);
      if (row.secret === true) expect(env).not.toHaveProperty(variable);
      for (const [id, path, text] of row.equals ?? []) expect(unitOf(units, id).files[path] ?? "").toContain(text);
    },
  );

  it.each(components)("%s is told nothing that is not in the contract", (component) => {
    const { env, files } = unitOf(units, component);
    const names = (wanted: (row: DataToolRow) => boolean): readonly string[] =>
      dataToolContract.filter((row) => row.component === component && wanted(row)).map(({ variable }) => variable);
    const plain = Object.keys(env).filter((name) => !ofEveryContainer.includes(name));

    expect(plain.sort()).toEqual(names(({ secret }) => secret !== true).toSorted());
    expect([...exported(files).keys()].sort()).toEqual(names(({ secret }) => secret === true).toSorted());
  });
});

it("the hub finds the data processing where it is", () => {
  const hub = unitOf(composeUnits(composeOutput(renderCompose(plan))), "csghub-server");

  expect(hub.env).toMatchObject({
    OPENCSG_DATAFLOW_SERVER_HOST: "http://csghub-dataflow",
    OPENCSG_DATAFLOW_SERVER_PORT: "8000",
  });
});

it("what is not known is marked", () => {
  const unknown = dataToolContract.filter(({ read }) => read === "unknown").map(({ variable }) => variable);

  expect(unknown).toEqual(["SSLMODE"]);
  expect(unknownOfDataTools).not.toEqual([]);
  for (const { from } of dataToolContract) expect(from).not.toBe("");
});
