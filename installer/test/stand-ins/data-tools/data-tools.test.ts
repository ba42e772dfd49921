import { describe, expect, it } from "vitest";
import { platformPrograms } from "../hub/testing/platform-programs.ts";
import type { Environment } from "../hub/settings.ts";
import { checkSettings, runDataTool } from "./run-data-tool.ts";
import { dataflow, type DataTool, labelStudio } from "./tools.ts";

const tools: readonly (readonly [string, DataTool, string])[] = [
  ["csghub-dataflow", dataflow, "exec uvicorn "],
  ["label-studio", labelStudio, "exec label-studio"],
];
const given = platformPrograms(["dataflow.mode=embedded", "labelStudio.mode=embedded"]);

function givenTo(
  id: string,
  program: string,
): { readonly words: readonly string[]; readonly environment: Environment } {
  const { words, environment } = given.find((unit) => unit.id === id)!;
  const line = words.join("\n").split("\n").at(-1) ?? "";
  expect(line.startsWith(program.trimEnd())).toBe(true);
  return { words: line.slice(program.length).split(" ").filter(Boolean), environment };
}

describe.each(tools)("%s with the platform's own settings", (id, tool, program) => {
  it("takes all it is told", () => {
    const { words, environment } = givenTo(id, program);

    checkSettings(tool, words, environment);
    expect(environment[tool.database.host]).toBe("postgres");
    expect(environment[tool.database.password]).toMatch(/^pg-(dataflow|label-studio)'s "own" \$ \\ \/ @ : # password$/);
  });

  it.each(Object.keys({ ...tool.required, [tool.database.password]: "", PGSSLMODE: "" }))(
    "does not start without %s",
    (name) => {
      const { words, environment } = givenTo(id, program);

      expect(() => checkSettings(tool, words, { ...environment, [name]: undefined })).toThrow(`${name} is not set`);
    },
  );

  it("starts by no other command line", () => {
    const { words, environment } = givenTo(id, program);

    expect(() => checkSettings(tool, [...words, "--reload"], environment)).toThrow("nobody starts");
  });

  it("does not start without its database", async () => {
    const { words, environment } = givenTo(id, program);
    const elsewhere = { ...environment, [tool.database.host]: "127.0.0.1", [tool.database.port]: "1" };

    await expect(runDataTool(tool, words, elsewhere, () => undefined)).rejects.toThrow(
      "Failed to initialize application: ",
    );
  });
});

it.each([
  ["CSGHUB_ENDPOINT", "https://hub.test/", "ends in a slash"],
  ["CSGHUB_ENDPOINT", "hub.test", "must"],
  ["POSTGRE_PORT", "none", "is no port"],
  ["SECRET_KEY", "short", "is too short"],
  ["SENTRY_DSN", "https://a@sentry.test/1", "leads out"],
  ["LABEL_STUDIO_BASE_DATA_DIR", "/tmp", "is none of"],
  ["HOME", "tmp", "is no absolute path"],
  ["POSTGRE_NAME", "", "is empty"],
])("Label Studio does not start with %s=%s", (name, value, problem) => {
  const { words, environment } = givenTo("label-studio", "exec label-studio");

  expect(() => checkSettings(labelStudio, words, { ...environment, [name]: value })).toThrow(`${name} ${problem}`);
});
