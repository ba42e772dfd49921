/** Languages that texts about the program exist in, English first. */
export const languages = ["en", "zh"] as const;

export type Language = (typeof languages)[number];

/** The language that the environment asks for by its locale; English for every other. */
export function languageOf(environment: Readonly<Record<string, string | undefined>>): Language {
  // As POSIX orders them: an empty variable counts as none.
  const locale = [environment["LC_ALL"], environment["LC_MESSAGES"], environment["LANG"]].find(Boolean) ?? "";
  return /^zh(?![a-z])/i.test(locale) ? "zh" : "en";
}
