/** What is said of a key in Chinese; a text that is missing is said in English. */
export interface ChineseWords {
  readonly title?: string;
  readonly description?: string;
  readonly allowed?: string;
}

/** Looks keys up in the text of `values/values.zh.json`; a name that is free, and an entry of a list, stands there as *. */
export function readChineseWords(text: string): (path: readonly string[]) => ChineseWords {
  const rows = JSON.parse(text) as Readonly<Record<string, ChineseWords>>;
  return (path) => rows[path.join(".")] ?? rows[[...path.slice(0, -1), "*"].join(".")] ?? {};
}
