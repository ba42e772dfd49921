import { validate } from "./validate.ts";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useFilePorts } from "../../../test/support/file-ports.ts";

const place = useFilePorts();
const { ports, request } = place;

describe("validate", () => {
  it("says what the values were laid from", async () => {
    const file = join(place.folder, "my.yaml");
    writeFileSync(file, "domain: ai.corp.example\n");

    const result = await validate(request({ files: [file], without: ["casdoor"] }), ports);

    expect(result.sources).toEqual(["profile infra", file, "--without casdoor"]);
    expect(result.summary).toMatch(/ off, at https:\/\/ai\.corp\.example$/);
  });

  it("takes emptied recorded values for damaged, not for none", async () => {
    mkdirSync(join(place.folder, "state"));
    writeFileSync(join(place.folder, "state/values.yaml"), "");

    await expect(validate(request(), ports)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: `${join(place.folder, "state/values.yaml")} is damaged: it is empty`,
    });
  });

  it.each(["", "not: [values"])("needs no recorded values where a file is given: %j", async (recorded) => {
    mkdirSync(join(place.folder, "state"));
    writeFileSync(join(place.folder, "state/values.yaml"), recorded);
    writeFileSync(join(place.folder, "my.yaml"), "domain: my.example\n");

    await expect(validate(request({ files: [join(place.folder, "my.yaml")] }), ports)).resolves.toMatchObject({
      sources: ["profile infra", join(place.folder, "my.yaml")],
    });
  });

  it.each([
    [{ profile: "infar" }, /no profile "infar"/, "did you mean infra?"],
    [{ without: ["casdor"] }, /no component "casdor"/, "did you mean casdoor?"],
    [{ files: ["/proc"] }, /\/proc cannot be read: EISDIR/, "check the path given with -f"],
    [{ files: ["/nowhere/x.yaml"] }, /no file \/nowhere\/x.yaml/, "check the path given with -f"],
  ])("refuses %j", async (selection, message, hint) => {
    await expect(validate(request(selection), ports)).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(message) as string,
      hint,
    });
  });

  it("refuses to leave out what the platform cannot do without", async () => {
    await expect(validate(request({ without: ["postgres"] }), ports)).rejects.toMatchObject({ code: "VALUES_INVALID" });
  });
});
