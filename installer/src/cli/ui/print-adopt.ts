import type { AdoptResult } from "../../actions/adopt/adopt.ts";
import { printable } from "./format.ts";
import type { Style } from "./style.ts";
import { type Cell, formatTable } from "./table.ts";

interface AdoptSurroundings {
  readonly style: Style;
  readonly columns: number | undefined;
}

/** What was found, part by part, then what was written and what comes next. */
export function formatAdopt(result: AdoptResult, { style, columns = Infinity }: AdoptSurroundings): string {
  const { address, version, edition, outside, strangers, notes } = result;
  const scheme = address.tls ? "https" : "http";
  const kind = edition === undefined ? "" : `-${edition}`;
  const parts = [
    `CSGHub ${printable(version)}${kind} at ${scheme}://${printable(address.domain)}, read from ${result.files.length} ${result.files.length === 1 ? "file" : "files"} of ${printable(result.from)}`,
    section("programs:", programs(result, style, columns)),
    section("data:", data(result, style, columns)),
    section("how it moves:", moves(result, style, columns)),
    ...copying(result),
    section("secrets:", secrets(result, style, columns)),
    list(
      "services elsewhere, which stay where they are:",
      outside.map(({ section: key, at }) => `${key} at ${at}`),
    ),
    list("programs without a counterpart here:", strangers),
    list("to know:", notes),
    written(result, style),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function section(title: string, body: string): string {
  return body === "" ? "" : `${title}\n${body}`;
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : [title, ...lines.map((line) => `  ${printable(line)}`)].join("\n");
}

function programs(result: AdoptResult, style: Style, columns: number): string {
  if (result.programs.length === 0) return "";
  const rows = result.programs.map(({ title, found, ours, verdict, steps, advice }): readonly Cell[] => [
    title,
    printable(found ?? "unknown"),
    ours ?? "none",
    { text: verdict, paint: verdict === "same" || verdict === "moves" ? style.good : style.warn },
    steps.length === 0 ? advice : `${steps.join(", ")}: ${advice}`,
  ]);
  return formatTable(["PROGRAM", "THERE", "HERE", "", "WHAT THAT MEANS"], rows, style, columns);
}

function data(result: AdoptResult, style: Style, columns: number): string {
  if (result.data.length === 0) return "";
  const rows = result.data.map(({ program, kind, place, holds }) => [program, kind, printable(place), holds]);
  return formatTable(["PROGRAM", "KIND", "PLACE", "HOLDS"], rows, style, columns);
}

function moves({ moving }: AdoptResult, style: Style, columns: number): string {
  if (moving.moves.length === 0) return "";
  const rows = moving.moves.map(({ what, means, to, note }) => [what, means, to ?? "-", note]);
  return formatTable(["WHAT", "BY", "TO", ""], rows, style, columns);
}

/** A person copies these lines: they are shown whole. */
function copying({ moving: { before, moves: parts, back } }: AdoptResult): readonly string[] {
  const commands = parts.flatMap((part) => part.commands);
  if (commands.length === 0) return [];
  return [list("commands that copy it, of which none was run:", [...before, ...commands]), list("and back:", back)];
}

function secrets(result: AdoptResult, style: Style, columns: number): string {
  if (result.secrets.length === 0) return "";
  const rows = result.secrets.map(({ title, judgement, fate, why, means, places }): readonly Cell[] => [
    { text: judgement, paint: judgement === "fine" ? style.good : judgement === "short" ? style.warn : style.bad },
    fate,
    `${printable(title)}: ${why}; ${means} (${printable(places.join(", "))})`,
  ]);
  return formatTable(["JUDGED", "BECOMES", "SECRET"], rows, style, columns);
}

function written({ dryRun, written: files, profile, missing }: AdoptResult, style: Style): string {
  const [values = ""] = files;
  if (dryRun) return list("nothing was written (--dry-run); these files would be:", files);
  const next = `next: slipway validate --profile ${profile} -f ${values}`;
  const lines = [style.good(`wrote ${files.map(printable).join(", ")}`), printable(next)];
  return missing.length === 0
    ? lines.join("\n")
    : [...lines, style.warn(`to be made first: ${missing.map(printable).join(", ")}`)].join("\n");
}
