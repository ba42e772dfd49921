import { describe, expect, it } from "vitest";
import { serverSettings } from "./server-settings.ts";
import { portalSettings } from "./portal-settings.ts";
import { readSettings } from "./settings.ts";

const port = "STARHUB_SERVER_SERVER_PORT";

describe("where a setting of the hub comes from", () => {
  it.each([
    ["its default", {}, "", "8080"],
    ["the file over the default", {}, "[api_server]\nport = 81\n", "81"],
    ["the file, whatever capitals and underscores its keys have", {}, "[APISERVER]\nPo_rt = 82 # why\n", "82"],
    ["the environment over the file", { [port]: "83" }, "[api_server]\nport = 81\n", "83"],
    ["the file under an empty number of the environment", { [port]: "" }, "[api_server]\nport = 81\n", "81"],
  ])("%s", (_, environment, file, expected) => {
    expect(readSettings(serverSettings, environment, file).text(port)).toBe(expected);
  });

  it("a text of the environment may be empty", () => {
    const settings = readSettings(serverSettings, { STARHUB_SERVER_REDIS_USER: "" }, '[redis]\nuser = "u"\n');
    expect(settings.text("STARHUB_SERVER_REDIS_USER")).toBe("");
  });

  it.each([
    ["a basic string", '"a \\"b\\" \\\\ \\u0041"', 'a "b" \\ A'],
    ["a literal string", "'a \\ b'", "a \\ b"],
  ])("%s of the file is what stands in it", (_, written, expected) => {
    const settings = readSettings(serverSettings, {}, `[redis]\npassword = ${written}\n`);
    expect(settings.text("STARHUB_SERVER_REDIS_PASSWORD")).toBe(expected);
  });
});

describe("what is refused of the hub's settings", () => {
  it.each([
    ["a port that is no number", { [port]: "abc" }, "", 'strconv.ParseInt: parsing "abc": invalid syntax'],
    ["a port that is none", { [port]: "70000" }, "", "invalid port"],
    ["a flag that is neither", { STARHUB_SERVER_SAAS: "maybe" }, "", 'strconv.ParseBool: parsing "maybe"'],
    ["a number where a text belongs", {}, "[redis]\npassword = 5\n", "line 2: (Redis.Password) cannot unmarshal"],
    ["a text where a flag belongs", {}, '[s3]\nenable_ssl = "true"\n', "line 2: (S3.EnableSSL) cannot unmarshal"],
    ["a line that is no TOML", {}, 'api_token = "x" y\n', "line 1: invalid TOML syntax"],
    ["a string with a quote inside", {}, 'api_token = "x"y"\n', "line 1: invalid TOML syntax"],
    ["a key that stands twice", {}, 'api_token = "x"\napi_token = "y"\n', "in conflict with line 1"],
    ["a table that stands twice", {}, "[s3]\n[redis]\n[s3]\n", "line 3"],
    [
      "a key that is misspelt",
      {},
      '[git]\nsignature_secret_key = "x"\n',
      "no setting is called git.signaturesecretkey",
    ],
  ])("%s", (_, environment, file, message) => {
    expect(() => readSettings(serverSettings, environment, file)).toThrow(message);
  });
});

it("the portal reads the environment alone", () => {
  expect(readSettings(portalSettings, { CSGHUB_PORTAL_SERVER_PORT: "81" }).number("CSGHUB_PORTAL_SERVER_PORT")).toBe(
    81,
  );
  expect(() => readSettings(portalSettings, { CSGHUB_PORTAL_ON_PREMISE: "perhaps" })).toThrow("strconv.ParseBool");
});
