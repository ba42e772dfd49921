import type { WordKind } from "../../actions/completion/word-kinds.ts";
import { collectorIds } from "../../actions/support/collector-ids.ts";
import { keysOfValues } from "../../values/describe-value.ts";
import { componentWords } from "../../plan/component-names.ts";

/** Words that are the same for every install of this version: they stand in the script. */
export interface FixedWords {
  /** Components: all, and those that can be left out. */
  readonly all: readonly string[];
  readonly optional: readonly string[];
  /** Keys of the values: every one, and those that can be set. */
  readonly keys: readonly string[];
  readonly settable: readonly string[];
}

/** The fixed words of this version. */
export function fixedWords(): FixedWords {
  return { ...componentWords(), keys: keysOfValues(), settable: keysOfValues({ settable: true }) };
}

/** Where words for a place of the command line come from. */
export interface WordSource {
  readonly choices?: readonly string[];
  /** Asked for when a key is pressed, because they hang on what is installed. */
  readonly asked?: WordKind;
  /** More is typed behind such a word. */
  readonly open?: true;
}

/** Words of an argument, by the name that it has in the help. */
export function argumentWords(name: string, words: FixedWords): WordSource {
  switch (name) {
    case "address":
      return { asked: "addresses" };
    case "component":
      return { choices: words.all };
    case "key":
      return { choices: words.keys };
    case "secret":
      return { asked: "secrets" };
    case "job":
      return { asked: "jobs" };
    case "database":
      return { asked: "databases" };
    case "revision":
    case "to-revision":
      return { asked: "revisions" };
    case "topic":
      return { asked: "topics" };
    default:
      return {};
  }
}

/** Words of an option's value, by the option and the name that its value has in the help. */
export function optionWords(long: string, value: string, words: FixedWords): WordSource {
  switch (value) {
    case "component":
      return { choices: long === "--without" ? words.optional : words.all };
    case "collector":
      return { choices: collectorIds };
    case "path=value":
      return { choices: words.settable.map((key) => `${key}=`), open: true };
    case "login":
      return { asked: "logins" };
    case "name":
      return long === "--name" ? { asked: "installs" } : {};
    default:
      return {};
  }
}
