import { expect, it } from "vitest";
import { nameCommands } from "./named-commands.ts";

it.each([
  ["slipway install", "slipway --name lab install"],
  [
    "read slipway logs redis; slipway start brings it up again",
    "read slipway --name lab logs redis; slipway --name lab start brings it up again",
  ],
  ["this is a defect of slipway; please report it", "this is a defect of slipway; please report it"],
  ["files that slipway did not write", "files that slipway did not write"],
  ["slipway images build", "slipway images build"],
  ["give --name lab: slipway status", "give --name lab: slipway status"],
])("%j is typed as %j", (text, expected) => {
  expect(nameCommands(text, "lab")).toBe(expected);
});

it("the default name needs no saying", () => {
  expect([nameCommands("slipway install", "slipway"), nameCommands("slipway install", undefined)]).toEqual([
    "slipway install",
    "slipway install",
  ]);
});
