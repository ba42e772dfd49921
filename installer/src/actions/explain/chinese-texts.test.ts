import { expect, test } from "vitest";
import { openAssets } from "../../cli/assets.ts";
import { exitCodes } from "../../errors/exit-codes.ts";
import { composeChecks } from "../../targets/compose/checks/all.ts";
import { clusterChecks } from "../../targets/helm/checks/all.ts";
import type { ChecksInWords } from "../../targets/check.ts";
import { readChineseWords } from "../../values/chinese-words.ts";
import { valuesKeys } from "../../values/values-keys.generated.ts";
import { hostChecks } from "../preflight/checks/all.ts";
import { checksInChinese } from "../preflight/checks/in-chinese.ts";
import { liveChecks } from "../preflight/checks/live.ts";

/** What is looked for in a text that somebody wrote in Chinese. */
const chinese = /\p{Script=Han}/u;
/** Punctuation of English beside Chinese, where the full width is due; a comma within a name or an example is none. */
const halfWidth = /\p{Script=Han}[,;:!?()]|[,;:!?()]\p{Script=Han}/u;

const ofCompose = composeChecks({} as Parameters<typeof composeChecks>[0]);
const ofCluster = clusterChecks({} as Parameters<typeof clusterChecks>[0]);
const folders = [
  { folder: "actions/preflight/checks", preflight: hostChecks, live: liveChecks, words: checksInChinese },
  { folder: "targets/compose/checks", ...ofCompose, words: await ofCompose.inChinese() },
  { folder: "targets/helm/checks", ...ofCluster, words: await ofCluster.inChinese() },
];
const valuesWords = readChineseWords(openAssets().readText("values/values.zh.json"));
const keys = Object.entries(valuesKeys).map(([key, { allowed }]) => {
  // What is free has no words of its own beside what is allowed.
  const ownWords = key.endsWith("*") ? [] : (["title", "description"] as const);
  return { key, english: allowed, fields: [...ownWords, "allowed" as const], words: valuesWords(key.split(".")) };
});

test("every key of the values has its words: this lists those that lack some", () => {
  const missing = keys.flatMap(({ key, fields, words }) =>
    fields.filter((field) => words[field] === undefined).map((field) => `${key}: ${field}`),
  );
  const english = keys.filter(({ fields, words }) =>
    fields.some((field) => field === "description" && !chinese.test(words.description ?? "")),
  );

  expect(missing).toEqual([]);
  expect(english).toEqual([]);
});

test.each(folders)("every check of $folder has its words, and nothing else has", ({ preflight, live, words }) => {
  const idsOf = (checks: readonly { readonly id: string }[]) => checks.map(({ id }) => id).toSorted();

  expect(Object.keys(words.preflight).toSorted()).toEqual(idsOf(preflight));
  expect(Object.keys(words.live).toSorted()).toEqual(idsOf(live));
});

test("every exit code has its words", () => {
  expect(exitCodes.filter(({ zh }) => !chinese.test(zh))).toEqual([]);
});

test("Chinese stands with Chinese punctuation", () => {
  const ofChecks = ({ preflight, live }: ChecksInWords) =>
    [...Object.values(preflight), ...Object.values(live)].flatMap(({ title, why }) => [title, why]);
  const texts = [
    ...exitCodes.map(({ zh }) => zh),
    ...folders.flatMap(({ words }) => ofChecks(words)),
    ...keys.flatMap(({ words }) =>
      [words.title, words.description, words.allowed].filter((text) => text !== undefined),
    ),
  ];

  expect(texts.length).toBeGreaterThan(1000);
  expect(texts.filter((text) => halfWidth.test(text))).toEqual([]);
});
