import { describe, expect, it } from "vitest";
import { concat, endpoint, secret, slottedToText, slotsOf, text } from "./text.ts";

describe("text", () => {
  it("keeps literals and slots apart", () => {
    expect(text`a=${secret("s")} b=${3}${""}`).toEqual(["a=", secret("s"), " b=", "3"]);
  });
});

describe("slottedToText", () => {
  it("writes plain JSON for a document without slots", () => {
    const document = { a: [1, true, null, 'x"y'], b: {}, c: [] };

    expect(JSON.parse(slottedToText(document).map(String).join(""))).toEqual(document);
  });

  it("escapes secrets for JSON and writes ports as numbers", () => {
    const parts = slottedToText({
      password: secret("p"),
      port: endpoint("a.b", "port"),
      host: endpoint("a.b", "host"),
    });

    expect(parts).toContainEqual({ ...secret("p"), as: "quoted" });
    expect(parts.map((part) => (typeof part === "string" ? part : "?")).join("")).toBe(
      '{\n  "password": "?",\n  "port": ?,\n  "host": "?"\n}',
    );
  });

  it("joins the parts of one string and leaves an encoding that was chosen", () => {
    const parts = slottedToText({
      dsn: concat(text`x"${secret("p", { as: "url" })}@${endpoint("a.b", "hostPort")}${secret("q")}`),
    });

    expect(parts).toContainEqual(secret("p", { as: "url" }));
    expect(parts).toContainEqual(secret("q", { as: "quoted" }));
    expect(parts.filter((part) => typeof part === "string").join("")).toContain('"x\\"');
  });
});

describe("slotsOf", () => {
  it("finds slots at any depth", () => {
    const found = slotsOf({ a: [{ b: concat([secret("x"), endpoint("c.d")]) }], e: secret("y"), f: null });

    expect(found).toEqual([secret("x"), endpoint("c.d"), secret("y")]);
  });
});
