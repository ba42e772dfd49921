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
  expect(nameCommands(text, { name: "lab" })).toBe(expected);
});

it("the default name needs no saying", () => {
  expect([nameCommands("slipway install", { name: "slipway" }), nameCommands("slipway install", {})]).toEqual([
    "slipway install",
    "slipway install",
  ]);
});

it("a command is named as the program was called, with the state directory that was given", () => {
  const invocation = { program: "./slipway", name: "lab", stateDir: "/srv/my state" };

  expect(nameCommands("slipway secrets show registry --name lab", invocation)).toBe(
    "./slipway --state-dir '/srv/my state' secrets show registry --name lab",
  );
  expect(nameCommands("slipway images build; then slipway install", invocation)).toBe(
    "./slipway images build; then ./slipway --name lab --state-dir '/srv/my state' install",
  );
  expect(nameCommands("/opt/slipway install", invocation)).toBe("/opt/slipway install");
});
