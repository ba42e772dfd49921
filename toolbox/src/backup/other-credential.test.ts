import { describe, expect, it } from "vitest";
import type { BackupDocument, BackupRepository } from "../contract.generated.ts";
import { withOtherCredential } from "./other-credential.ts";

const keep = { daily: 7, weekly: 4, monthly: 6 };
const document = (repository: BackupRepository): BackupDocument => ({
  name: "hub",
  repository,
  folder: "/staging",
  keep,
});
const rest = document({
  ...{ kind: "rest", url: "https://b.corp/slipway", login: { user: "u", password: "everyday" }, password: "opens" },
});
const s3 = document({
  ...{ kind: "s3", endpoint: "https://s3.corp", bucket: "b", accessKey: "k", secretKey: "everyday", password: "opens" },
});

describe("another credential", () => {
  it.each([
    [rest, { password: "other" }, { ...rest.repository, login: { user: "u", password: "other" } }],
    [
      rest,
      { url: "https://b.corp:8001/slipway", user: "pruner", password: "other" },
      { ...rest.repository, url: "https://b.corp:8001/slipway", login: { user: "pruner", password: "other" } },
    ],
    [s3, { accessKey: "pruner", secretKey: "other" }, { ...s3.repository, accessKey: "pruner", secretKey: "other" }],
  ])("takes the place of the everyday one, and of nothing else", (before, given, repository) => {
    expect(withOtherCredential(before, JSON.stringify(given))).toEqual({ ...before, repository });
  });

  it.each([
    ["is not whole", s3, '{"accessKey":"pruner"}', "backup.repository.secretKey: is missing"],
    ["is for another kind", rest, '{"secretKey":"other"}', "backup.repository.login.password: is missing"],
    ["is no JSON", rest, "password: hush-hush", "no JSON of texts"],
    ["holds something else than texts", rest, '{"password":{"hush":"hush"}}', "no JSON of texts"],
    [
      "is for a directory",
      document({ kind: "directory", path: "/repository", password: "opens" }),
      '{"password":"other"}',
      "backups in a directory are removed by whoever may write there",
    ],
  ])("that %s is refused, and not shown", (_, before, text, words) => {
    expect(() => withOtherCredential(before, text)).toThrow(words);
    expect(() => withOtherCredential(before, text)).not.toThrow(/hush|other/);
  });
});
