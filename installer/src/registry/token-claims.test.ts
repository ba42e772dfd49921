import { expect, test } from "vitest";
import { grants, readClaims } from "./token-claims.ts";

function tokenOf(claims: unknown): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2lnbmF0dXJl`;
}

const entry = (name: string, actions: unknown) => ({ type: "repository", name, actions });

test.each([
  ["a user", { sub: "ann", access: [] }, "ann"],
  ["nobody, as the specification has it", { iss: "a", sub: "", access: [] }, ""],
  ["nobody, as Harbor has it", { iss: "harbor-token-issuer", access: [] }, ""],
  ["somebody it does not name", { iss: "a", access: [] }, undefined],
])("a token of %s", (_who, claims, subject) => {
  expect(readClaims(tokenOf(claims))?.subject).toBe(subject);
});

test("says what it is good for, and what it gives no right in", () => {
  const access = [entry("team/app", ["pull", "push"]), entry("team/own", ["*"]), entry("team/no", null)];

  const claims = readClaims(tokenOf({ sub: "ann", access }));

  expect(claims?.repositories).toEqual(new Set(["team/app", "team/own", "team/no"]));
  const given = (scope: string) => claims !== undefined && grants(claims, [scope]);
  expect(given("repository:team/app:pull,push")).toBe(true);
  expect(given("repository:team/own:pull,push")).toBe(true);
  expect(given("repository:team/no:pull")).toBe(false);
  expect(given("repository:team/app/more:pull")).toBe(false);
});

test.each([
  [
    "of Harbor is good for its project, as far as it is for one of its repositories",
    "harbor-token-issuer",
    [true, true, false, false],
  ],
  ["of another is good for what it names alone", "a registry", [false, false, false, false]],
])("a token %s", (_what, iss, granted) => {
  const access = [entry("team/app", ["pull", "push"]), entry("own/app", ["*"]), entry("no/app", null)];
  const claims = readClaims(tokenOf({ iss, sub: "ann", access }));

  const scopes = ["team/other:pull,push", "own/a/b:pull,push", "no/other:pull", "teams/other:pull"];
  expect(scopes.map((scope) => claims !== undefined && grants(claims, [`repository:${scope}`]))).toEqual(granted);
});

test.each([
  ["has two parts", "abc.def"],
  ["is not JSON", "e30.bm90IEpTT04.x"],
  ["has no list of rights", tokenOf({ sub: "ann" })],
  ["has rights of another form", tokenOf({ sub: "ann", access: [{ Name: "team/app", Actions: ["pull"] }] })],
  ["has a list of nothing", tokenOf({ sub: "ann", access: [null] })],
  ["has actions that are no list", tokenOf({ sub: "ann", access: [entry("team/app", "pull")] })],
])("a token that %s says nothing", (_what, token) => {
  expect(readClaims(token)).toBeUndefined();
});
