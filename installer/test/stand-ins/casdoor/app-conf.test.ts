import { describe, expect, it } from "vitest";
import { parseAppConf } from "./app-conf.ts";

describe("app.conf", () => {
  it("is read as beego reads it: keys in any case, comments at line start only, quotes off the ends, the environment first", () => {
    const conf = parseAppConf(
      '\uFEFF# comment\n; comment\nHttpPort = 8000\norigin = http://a # not a comment\nauthState = "casdoor"\nx = ${MISSING||d}\n[other]\nhttpport = 1\n',
      { runmode: "prod" },
    );
    expect(["httpport", "origin", "authState", "x", "runmode", "none"].map((key) => conf.get(key))).toEqual([
      "8000",
      "http://a # not a comment",
      "casdoor",
      "d",
      "prod",
      "",
    ]);
  });
});
