import ts from "typescript";

export interface Word {
  /** As it stands in the list of words: `gitlab-shell`. */
  readonly word: string;
  /** From 1. */
  readonly line: number;
}

/**
 * Where names, imports, texts and regular expressions hold one of the words; comments do not count.
 * `gitlab-shell` is found in `gitlabShell`, `GITLAB_SHELL` and "gitlab-shell:9000" too, `compose` not in `decompose`.
 * @param allowed parts of texts that hold a word and mean something else
 */
export function wordsOf(text: string, words: readonly string[], allowed: readonly RegExp[] = []): readonly Word[] {
  // Parsing takes longest, and most files hold none.
  const plainText = spell(text);
  if (!words.some((word) => plainText.includes(word.replaceAll("-", " ")))) return [];
  const file = ts.createSourceFile("file.ts", text, ts.ScriptTarget.Latest, false);
  const found: Word[] = [];
  const patterns = words.map((word) => ({
    word,
    pattern: new RegExp(`(?<=^| )${word.replaceAll("-", " ")}(?= |$)`, "g"),
  }));

  function visit(node: ts.Node): void {
    const said = textOf(node);
    if (said !== undefined) {
      const plain = allowed.reduce((rest, part) => rest.replaceAll(part, " "), said);
      const spelled = spell(plain);
      const line = ts.getLineAndCharacterOfPosition(file, node.getStart(file)).line + 1;
      for (const { word, pattern } of patterns) {
        found.push(...Array.from(spelled.matchAll(pattern), () => ({ word, line })));
      }
    }
    ts.forEachChild(node, visit);
  }

  visit(file);
  return found;
}

function textOf(node: ts.Node): string | undefined {
  const says =
    ts.isIdentifier(node) ||
    ts.isPrivateIdentifier(node) ||
    ts.isStringLiteralLike(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddleOrTemplateTail(node) ||
    ts.isRegularExpressionLiteral(node);
  return says ? node.text : undefined;
}

/** In small letters, its words apart by one blank. */
function spell(text: string): string {
  return text
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, " ");
}
