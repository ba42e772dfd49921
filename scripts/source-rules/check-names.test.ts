import { describe, expect, test } from "vitest";
import { checkNames } from "./check-names.ts";
import type { NameRule } from "./name-rules.ts";
import { wordsOf } from "./words.ts";

describe("wordsOf", () => {
  test.each([
    ["const gitlabShell = 1;", 1],
    ["const GITLAB_SHELL = 1;", 1],
    ['import { a } from "./gitlab-shell.ts";', 1],
    ["const a = `x ${b} gitlab-shell ${c} gitlab-shell`;", 2],
    ["const a = /gitlab-shell/;", 1],
    ["// gitlab-shell\n/** gitlabShell */", 0],
    ['const gitlab = "shell";', 0],
    ['const a = "gitlab-shells";', 0],
  ])("finds gitlab-shell in %s", (text, count) => {
    expect(wordsOf(text, ["gitlab-shell"])).toHaveLength(count);
  });

  test("says on which line", () => {
    expect(wordsOf('const a = 1;\nconst b = "minio";\n', ["minio"])).toEqual([{ word: "minio", line: 2 }]);
  });

  test("leaves out what is allowed, and only that", () => {
    expect(wordsOf('const a = "docker.io/x docker";', ["docker"], [/docker\.io/g])).toHaveLength(1);
  });
});

describe("checkNames", () => {
  const rule: NameRule = {
    about: "ask the Plan",
    words: ["minio"],
    home: (path) => path === "own.ts",
    allowed: [],
    exemptions: { "exempt.ts": { count: 1, reason: "a test" } },
  };
  const exempt = { path: "exempt.ts", text: "const minio = 1;" };

  test("lets pass what is at home, exempt or elsewhere", () => {
    expect(
      checkNames(rule, [exempt, { path: "own.ts", text: "minio();" }, { path: "b.ts", text: "other();" }]),
    ).toEqual([]);
  });

  test("names each place that has no exemption", () => {
    expect(checkNames(rule, [exempt, { path: "a.ts", text: "\nminio();" }])).toEqual([
      "a.ts:2 holds minio: ask the Plan",
    ]);
  });

  test("names all of a file that has more than is exempt", () => {
    const more = { path: "exempt.ts", text: "const minio = minio;" };

    expect(checkNames(rule, [more])).toHaveLength(2);
  });

  test("has exemptions only become smaller", () => {
    expect(checkNames(rule, [{ path: "exempt.ts", text: "" }])).toEqual([
      "exempt.ts: 1 are exempt, there are 0: lower the exemption",
    ]);
    expect(checkNames(rule, [])).toEqual(["exempt.ts: is exempt and not there: remove the exemption"]);
  });
});
