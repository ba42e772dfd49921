import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseCatalogue } from "../images/catalogue.ts";
import { isOwnName, ownOrganisation } from "./own-names.ts";

test.each<[string, boolean]>([
  ["slipway/postgres:1", true],
  ["slipway/postgres", true],
  ["docker.io/slipway/postgres:1", true],
  ["index.docker.io/slipway/postgres:1", true],
  [`slipway/postgres@sha256:${"a".repeat(64)}`, true],
  ["slipwayer/postgres:1", false],
  ["library/slipway:1", false],
  ["slipway:1", false],
  ["harbor.corp/slipway/postgres:1", false],
  ["localhost:5000/slipway/postgres:1", false],
  ["docker.io/corp/slipway/postgres:1", false],
])("%s: %s", (reference, own) => {
  expect(isOwnName(reference)).toBe(own);
});

test("the catalogue names images so", () => {
  const catalogue = parseCatalogue(readFileSync(new URL("../../../images/catalogue.yaml", import.meta.url), "utf8"));

  expect(catalogue.repository).toBe(ownOrganisation);
});
