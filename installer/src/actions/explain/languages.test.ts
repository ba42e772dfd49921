import { expect, test } from "vitest";
import { languageOf } from "./languages.ts";

test.each([
  [{ LANG: "zh_CN.UTF-8" }, "zh"],
  [{ LANG: "zh" }, "zh"],
  [{ LANG: "ZH_TW" }, "zh"],
  [{ LANG: "en_US.UTF-8" }, "en"],
  [{ LANG: "zhn" }, "en"],
  [{ LANG: "C" }, "en"],
  [{}, "en"],
  [{ LC_ALL: "zh_CN.UTF-8", LANG: "en_US.UTF-8" }, "zh"],
  [{ LC_ALL: "C", LANG: "zh_CN.UTF-8" }, "en"],
  [{ LC_ALL: "", LC_MESSAGES: "", LANG: "zh_CN.UTF-8" }, "zh"],
  [{ LC_MESSAGES: "en_US.UTF-8", LANG: "zh_CN.UTF-8" }, "en"],
])("the locale %j asks for %s", (environment, language) => {
  expect(languageOf(environment)).toBe(language);
});
