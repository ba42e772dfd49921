import { Composer, type Document, Lexer, LineCounter, Parser, type ParsedNode, type YAMLError } from "yaml";
import { ValuesError, type ValuesIssue } from "../errors/installer-error.ts";
import type { Origin, SourcedValue, ValuesLayer } from "./sourced-value.ts";
import { describeYamlError } from "./yaml-messages.ts";
import { YamlRefusal, toSourcedValue } from "./yaml-to-sourced.ts";

/** Limits on what is read at all; every one is far above what a values file needs. */
export const valuesLimits = {
  bytes: 1024 * 1024,
  tokens: 60_000,
  depth: 32,
  aliases: 100,
  nodes: 10_000,
  issues: 50,
} as const;

/** A text with the name to show for it in messages. */
export interface ValuesText {
  readonly name: string;
  readonly text: string;
}

/**
 * Reads YAML 1.2 (or JSON) into values that know their line and column; a file that says nothing is an empty map.
 * @throws ValuesError when it is not YAML, is not a map, or uses more than a values file may
 */
export function parseValues(source: ValuesText, layer: ValuesLayer): SourcedValue {
  const value = parseYaml(source, layer);
  if (value.content === null) return { ...value, content: new Map() };
  if (value.content instanceof Map) return value;
  const { line, column } = value.origin;
  const message = "the file does not hold keys and values, it must be a map such as: domain: ai.corp.example";
  throw new ValuesError([{ path: "", message, file: source.name, line, column }]);
}

/**
 * Reads any single YAML 1.2 value.
 * @throws ValuesError as `parseValues` does
 */
export function parseYaml(source: ValuesText, layer: ValuesLayer): SourcedValue {
  const text = source.text.startsWith("\uFEFF") ? source.text.slice(1) : source.text;
  const positions = new Positions(source.name, layer);
  try {
    refuseOversized(text);
    positions.countLines(text);
    refuseControlCharacters(text);
    const document = composeDocument(text);
    const issues = document?.errors.slice(0, valuesLimits.issues).map((error) => positions.toIssue(error, text));
    if (issues !== undefined && issues.length > 0) throw new ValuesError(issues);
    return toSourcedValue(document?.contents ?? null, valuesLimits, (offset) => positions.at(offset));
  } catch (error) {
    if (error instanceof YamlRefusal) throw new ValuesError([positions.refusal(error)]);
    throw error;
  }
}

function refuseOversized(text: string): void {
  const size = text.length > valuesLimits.bytes ? text.length : Buffer.byteLength(text);
  if (size > valuesLimits.bytes) {
    throw new YamlRefusal(0, `the file is too large (got ${size} bytes), at most ${valuesLimits.bytes} are read`);
  }
}

function refuseControlCharacters(text: string): void {
  // YAML allows none of these, and the lexer uses some as its own marks
  const found = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.exec(text);
  if (found === null) return;
  const code = found[0].charCodeAt(0).toString(16).padStart(4, "0");
  const name = found[0] === "\0" ? "a NUL character" : `the control character U+${code.toUpperCase()}`;
  throw new YamlRefusal(found.index, `the file holds ${name}, only text, tabs and line ends are allowed`);
}

/** Lexes, parses and composes in one pass, and stops as soon as a limit is passed: nothing is built for it. */
function composeDocument(text: string): Document.Parsed | undefined {
  // Keys are checked for uniqueness by us: the library compares each with each.
  const composer = new Composer<ParsedNode>({ version: "1.2", schema: "core", merge: false, uniqueKeys: false });
  let only: Document.Parsed | undefined;
  for (const document of composer.compose(parseWithinLimits(text))) {
    if (only !== undefined) {
      throw new YamlRefusal(document.range[0], "the file holds a second document (---), only one is allowed");
    }
    only = document;
  }
  return only;
}

function* parseWithinLimits(text: string) {
  const parser = new Parser();
  let tokens = 0;
  let aliases = 0;
  let previous = "";
  for (const lexeme of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > valuesLimits.tokens) {
      throw new YamlRefusal(parser.offset, `the file has too many parts, at most ${valuesLimits.tokens} are read`);
    }
    // A plain or block scalar is announced by this mark; anything else says by its first character what it is.
    if (previous !== "\u001f") {
      refuseIndicator(lexeme, parser.offset);
      if (lexeme.startsWith("*")) aliases += 1;
      if (aliases > valuesLimits.aliases) {
        throw new YamlRefusal(parser.offset, `the file has too many aliases, at most ${valuesLimits.aliases} are read`);
      }
    }
    yield* parser.next(lexeme);
    // The stack also holds the document and the scalar in hand.
    if (parser.stack.length > valuesLimits.depth + 2) {
      throw new YamlRefusal(
        parser.offset,
        `the file is nested too deeply, at most ${valuesLimits.depth} levels are read`,
      );
    }
    previous = lexeme;
  }
  yield* parser.end();
}

function refuseIndicator(lexeme: string, offset: number): void {
  if (lexeme.startsWith("!")) {
    throw new YamlRefusal(offset, "the file uses a tag (!...), write the value plainly or in quotes");
  }
  if (lexeme.startsWith("%")) throw new YamlRefusal(offset, "the file uses a directive (%...), remove that line");
}

class Positions {
  private readonly counter = new LineCounter();
  private readonly file: string;
  private readonly layer: ValuesLayer;

  constructor(file: string, layer: ValuesLayer) {
    this.file = file;
    this.layer = layer;
  }

  countLines(text: string): void {
    this.counter.addNewLine(0);
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.counter.addNewLine(at + 1);
  }

  at(offset: number): Origin {
    const { line, col } = this.counter.linePos(offset);
    return { layer: this.layer, file: this.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  toIssue(error: YAMLError, text: string): ValuesIssue {
    const { line, column } = this.at(Math.min(error.pos[0], text.length));
    return { path: "", message: describeYamlError(error.code), file: this.file, line, column };
  }

  refusal({ offset, path, message }: YamlRefusal): ValuesIssue {
    const { line, column } = this.at(offset);
    return { path, message, file: this.file, line, column };
  }
}
