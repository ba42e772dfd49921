import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UsageError } from "../errors/installer-error.ts";
import {
  type PathStyle,
  findCollisions,
  formatTarget,
  mapReference,
  parseTarget,
  pathStyles,
  refuseCollisions,
} from "./path-rules.ts";
import { formatReference, parseReference } from "./reference.ts";

const digest = `sha256:${"a".repeat(64)}`;
const otherDigest = `sha256:${"b".repeat(64)}`;

function map(source: string, target: string, style: PathStyle = "keep"): string {
  return formatReference(mapReference(parseReference(source), parseTarget(target), style));
}

function errorOf(run: () => unknown): UsageError {
  try {
    run();
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("parseTarget", () => {
  it.each([
    ["harbor.corp.example/ai-infra", "harbor.corp.example", "ai-infra"],
    ["harbor.corp.example/ai-infra/", "harbor.corp.example", "ai-infra"],
    ["harbor.corp.example/ai-infra//", "harbor.corp.example", "ai-infra"],
    ["Harbor.Corp.Example:8443/ai-infra/mirror", "harbor.corp.example:8443", "ai-infra/mirror"],
    ["localhost", "localhost", ""],
    ["localhost/x", "localhost", "x"],
    ["127.0.0.1:5000", "127.0.0.1:5000", ""],
    ["[::1]:5000/a", "[::1]:5000", "a"],
    ["registry:5000", "registry:5000", ""],
    ["index.docker.io/corp", "docker.io", "corp"],
    ["h.example/a__b/c-d.e_f/g--h", "h.example", "a__b/c-d.e_f/g--h"],
  ])("reads %s", (text, host, path) => {
    expect(parseTarget(text)).toEqual({ host, path });
  });

  it("writes what it reads", () => {
    expect(formatTarget(parseTarget("h.example:5000/a/b/"))).toBe("h.example:5000/a/b");
    expect(formatTarget(parseTarget("h.example"))).toBe("h.example");
  });

  it.each([
    ["", "an empty target is not a place in a registry"],
    ["/", "is not a host"],
    ["https://harbor.corp.example/ai", "it has a scheme"],
    ["oci://harbor.corp.example/ai", "it has a scheme"],
    ["harbor/ai", "would be read as an organisation of Docker Hub"],
    ["harbor.corp.example/AI", '"AI" is not a name'],
    ["harbor.corp.example/ai:1.0", "has a colon"],
    ["harbor.corp.example//ai", "an empty part"],
    ["harbor.corp.example/../ai", '".." is not a name'],
    ["harbor.corp.example/ai?x=1", "is not a name"],
    ["harbor.corp.example/ai\nevil", '"harbor.corp.example/ai\\nevil" is not a place'],
    ["harbor.corp.example:0/ai", "there is no port 0"],
    ["harbor.corp.example:70000/ai", "there is no port 70000"],
    ["harbor.corp.example:abc/ai", "is not a host"],
    ["-harbor.corp.example/ai", "is not a host"],
    ["harbor corp.example/ai", "is not a host"],
    [`harbor.corp.example/${"a".repeat(256)}`, "more than 255 characters"],
  ])("refuses %j and says why", (text, why) => {
    const error = errorOf(() => parseTarget(text));

    expect(error.message).toContain(why);
    expect(error.hint).toContain("for example harbor.corp.example/ai-infra");
  });

  it("tells how an address with a scheme is written", () => {
    expect(errorOf(() => parseTarget("https://h.example/ai/")).hint).toContain("write h.example/ai,");
    expect(errorOf(() => parseTarget("harbor/ai")).hint).toContain("harbor:443/ai");
  });

  it("repeats nothing of an address that may hold a password", () => {
    const error = errorOf(() => parseTarget("https://admin:hunter2@harbor.corp.example/ai"));

    expect(`${error.message} ${error.hint ?? ""}`).not.toContain("hunter2");
    expect(error.message).toContain("user and password do not belong in it");
  });
});

describe("mapReference", () => {
  it.each([
    ["quay.io/argoproj/argocd:v3", "host.example/project", "host.example/project/argoproj/argocd:v3"],
    ["redis:7.4.9", "host.example/project", "host.example/project/library/redis:7.4.9"],
    ["docker.io/redis:7.4.9", "host.example/project", "host.example/project/library/redis:7.4.9"],
    ["opencsghq/vllm:v1", "host.example/project", "host.example/project/opencsghq/vllm:v1"],
    ["localhost:5000/a:1", "host.example", "host.example/a:1"],
    ["slipway/postgres:e13e", "host.example:5000/p/q", "host.example:5000/p/q/slipway/postgres:e13e"],
    [`redis@${digest}`, "host.example/p", `host.example/p/library/redis@${digest}`],
    [`redis:7@${digest}`, "host.example/p", `host.example/p/library/redis:7@${digest}`],
    [`h:5000/img@${digest}`, "host.example/p", `host.example/p/img@${digest}`],
  ])("keeps the path of %s under %s", (source, target, expected) => {
    expect(map(source, target)).toBe(expected);
  });

  it.each([
    ["quay.io/argoproj/argocd:v3", "host.example/p/quay.io/argoproj/argocd:v3"],
    ["redis:7", "host.example/p/docker.io/library/redis:7"],
    ["localhost:5000/a:1", "host.example/p/localhost-5000/a:1"],
    ["[::1]:5000/a:1", "host.example/p/1-5000/a:1"],
    ["Quay.IO/a:1", "host.example/p/quay.io/a:1"],
  ])("puts the host of %s first by host-org", (source, expected) => {
    const mapped = map(source, "host.example/p", "host-org");

    expect(mapped).toBe(expected);
    expect(formatReference(parseReference(mapped))).toBe(mapped);
  });

  it.each([
    ["quay.io/argoproj/argocd:v3", "host.example/p/argoproj-argocd:v3"],
    ["redis:7", "host.example/p/library-redis:7"],
    [`a.example/b/c/d:1@${digest}`, `host.example/p/b-c-d:1@${digest}`],
  ])("joins the parts of %s by flat", (source, expected) => {
    expect(map(source, "host.example/p", "flat")).toBe(expected);
  });

  it("is idempotent in every style", () => {
    const sources = ["redis:7", "quay.io/a/b:1", `h:5000/x/y/z@${digest}`, "host.example/p", "host.example/q/r:1"];
    for (const style of pathStyles) {
      for (const target of ["host.example/p", "host.example", "other.example:5000/a/b"]) {
        for (const source of sources) {
          const once = map(source, target, style);
          expect(map(once, target, style)).toBe(once);
        }
      }
    }
  });

  it("leaves alone what is at the target, and only that", () => {
    expect(map("host.example/p/a:1", "host.example/p")).toBe("host.example/p/a:1");
    expect(map("HOST.example/p/a:1", "host.example/p")).toBe("HOST.example/p/a:1");
    expect(map("host.example/project2/a:1", "host.example/project")).toBe("host.example/project/project2/a:1");
    expect(map("host.example:5000/p/a:1", "host.example/p")).toBe("host.example/p/p/a:1");
  });

  it("refuses a name that no registry takes", () => {
    const long = `${"a".repeat(120)}/${"b".repeat(120)}:1`;

    expect(errorOf(() => map(`x.example/${long}`, `host.example/${"p".repeat(40)}`)).message).toContain(
      "more than the 255",
    );
  });

  it("offers flat where there are two levels only", () => {
    const error = errorOf(() => map("quay.io/argoproj/argocd:v3", "docker.io/corp"));

    expect(error.message).toContain("Docker Hub has names of two parts only");
    expect(error.hint).toContain("--path-style flat");
    expect(map("quay.io/argoproj/argocd:v3", "docker.io/corp", "flat")).toBe("docker.io/corp/argoproj-argocd:v3");
  });
});

describe("findCollisions", () => {
  function mapped(sources: readonly (readonly [string, string?])[], style: PathStyle = "keep") {
    return sources.map(([text, found]) => {
      const source = parseReference(text);
      const target = mapReference(source, parseTarget("host.example/p"), style);
      return { source, target, ...(found === undefined ? {} : { digest: found }) };
    });
  }

  it("finds two hosts with the same name and different contents", () => {
    const found = findCollisions(
      mapped([
        ["quay.io/a/b:1", digest],
        ["ghcr.io/a/b:1", otherDigest],
        ["ghcr.io/a/c:1", digest],
      ]),
    );

    expect(found).toEqual([{ target: "host.example/p/a/b:1", sources: ["ghcr.io/a/b:1", "quay.io/a/b:1"] }]);
  });

  it("takes the same contents twice for no collision", () => {
    expect(
      findCollisions(
        mapped([
          ["quay.io/a/b:1", digest],
          ["ghcr.io/a/b:1", digest],
        ]),
      ),
    ).toEqual([]);
    expect(findCollisions(mapped([["redis:7"], ["docker.io/library/redis:7"]]))).toEqual([]);
  });

  it("counts unknown contents as different, and tags apart", () => {
    expect(findCollisions(mapped([["quay.io/a/b:1"], ["ghcr.io/a/b:1"]]))).toHaveLength(1);
    expect(findCollisions(mapped([["quay.io/a/b:1"], ["ghcr.io/a/b:2"]]))).toEqual([]);
    expect(findCollisions(mapped([["quay.io/a/b"], ["ghcr.io/a/b:latest"]]))).toHaveLength(1);
  });

  it("uses the digest of the reference, and lets references by digest alone stand side by side", () => {
    expect(findCollisions(mapped([[`quay.io/a/b:1@${digest}`], [`ghcr.io/a/b:1@${digest}`]]))).toEqual([]);
    expect(findCollisions(mapped([[`quay.io/a/b@${digest}`], [`ghcr.io/a/b@${otherDigest}`]]))).toEqual([]);
  });

  it("finds what flat joins to the same name", () => {
    expect(findCollisions(mapped([["x.example/a/b-c:1"], ["x.example/a-b/c:1"]], "flat"))).toHaveLength(1);
  });

  it("is refused with the style that keeps them apart", () => {
    const rows: readonly (readonly [string, string])[] = [
      ["quay.io/a/b:1", digest],
      ["ghcr.io/a/b:1", otherDigest],
    ];

    const error = errorOf(() => refuseCollisions(mapped(rows), "keep"));

    expect(error.message).toBe("ghcr.io/a/b:1 and quay.io/a/b:1 would both be host.example/p/a/b:1");
    expect(error.hint).toContain("--path-style host-org");
    expect(() => refuseCollisions(mapped(rows, "host-org"), "host-org")).not.toThrow();
  });
});

describe("the table of docs/push-and-harbor.md", () => {
  const text = readFileSync(new URL("../../../docs/push-and-harbor.md", import.meta.url), "utf8");
  const rows = text
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")))
    .flatMap(([, source = "", target = "", style = "", result = ""]) =>
      pathStyles.includes(style as PathStyle) ? [{ source, target, style: style as PathStyle, result }] : [],
    );

  it("has examples of every style", () => {
    expect(new Set(rows.map(({ style }) => style))).toEqual(new Set(pathStyles));
  });

  it.each(rows)("is right about $source at $target by $style", ({ source, target, style, result }) => {
    expect(map(source, target, style)).toBe(result);
  });
});
