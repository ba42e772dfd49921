import { describe, expect, it } from "vitest";
import { defaultsText } from "../../test/support/values-sources.ts";
import { packValue, unpackValue } from "./packed-values.ts";
import { parseValues } from "./parse-values.ts";

describe("packed values", () => {
  it("come out as if the text had been read: the defaults, every line and column", () => {
    const read = parseValues(defaultsText, "defaults");

    expect(throughJson(read)).toEqual(read);
  });

  it("keep lists, empty maps, numbers, booleans and nothing", () => {
    const text = { name: defaultsText.name, text: "a: [1, two, {b: true}]\nc: {}\nd:\ne: []\n" };
    const read = parseValues(text, "defaults");

    expect(throughJson(read)).toEqual(read);
  });
});

function throughJson(read: ReturnType<typeof parseValues>) {
  return unpackValue(
    JSON.parse(JSON.stringify(packValue(read))) as ReturnType<typeof packValue>,
    defaultsText.name,
    "defaults",
  );
}
