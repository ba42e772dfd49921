import type { PushResult, PushedImage } from "../../actions/push/push-request.ts";
import { formatBytes } from "../../oci/format-bytes.ts";
import { formatMilliseconds, printable } from "./format.ts";
import type { Style } from "./style.ts";
import { type Cell, formatTable } from "./table.ts";

/** What became of each image, and what it cost; `next` is the command that goes on from there. */
export function formatPush(result: PushResult, style: Style, next?: string): string {
  const table = formatTable(
    ["STATE", "SENT", "SOURCE", "TARGET"],
    result.images.map((image) => [
      paintState(image, style),
      image.state === "cached" || image.state === "planned" ? "-" : formatBytes(image.sentBytes),
      image.source,
      image.target,
    ]),
    style,
  );
  return [
    table,
    "",
    ...describeFindings(result, style),
    summary(result, style),
    ...describeFailures(result, style),
    ...(next === undefined || !result.ok || result.dryRun ? [] : [`next: ${next}`]),
  ].join("\n");
}

function paintState({ state }: PushedImage, style: Style): Cell {
  switch (state) {
    case "failed":
      return { text: state, paint: style.bad };
    case "cached":
      return { text: state, paint: style.dim };
    case "planned":
      return { text: state, paint: style.warn };
    default:
      return { text: state, paint: style.good };
  }
}

/** What was found in order. The rest was told while the push ran, before the images were sent. */
function describeFindings({ findings }: PushResult, style: Style): readonly string[] {
  return findings
    .filter(({ severity }) => severity === "ok")
    .map(({ message }) => `${style.good("ok")} ${printable(message)}`);
}

function summary(result: PushResult, style: Style): string {
  const { counts, bytes, to } = result;
  const there = counts.cached > 0 ? `, ${counts.cached} were there` : "";
  if (result.dryRun) {
    if (counts.planned === 0 && counts.failed === 0)
      return `${to} has all ${counts.cached} images; nothing would be sent`;
    return `would push ${counts.planned} to ${to}: at most ${formatBytes(bytes.sent)}${there}`;
  }
  const took = formatMilliseconds(result.ms);
  if (counts.failed === 0 && counts.sent + counts.mounted === 0) {
    return `${to} has all ${counts.cached} images; nothing was sent (${took})`;
  }
  const verb = counts.failed === 0 ? style.good("pushed") : "pushed";
  const failed = counts.failed === 0 ? "" : `, ${style.bad(`${counts.failed} failed`)}`;
  return `${verb} ${counts.sent + counts.mounted} to ${to}: ${formatBytes(bytes.sent)} in ${took}${there}${failed}`;
}

/** Each image with what went wrong; the same trouble is told once. */
function describeFailures({ images, dryRun }: PushResult, style: Style): readonly string[] {
  const failed = images.filter(({ error }) => error !== undefined);
  if (failed.length === 0) return [];
  const hints = new Set(failed.flatMap(({ error }) => error?.hint ?? []));
  return [
    "",
    ...failed.flatMap(({ target, error }) => [
      `${style.bad("failed")} ${target}`,
      `  ${printable(error?.message ?? "")}`,
      ...(error?.details ?? []).map((detail) => `  ${printable(detail)}`),
    ]),
    ...[...hints].map((hint) => `-> ${printable(hint)}`),
    ...(dryRun ? [] : [describeRepeat(failed)]),
  ];
}

/** What comes of the same command, and what must be changed before. */
function describeRepeat(failed: readonly PushedImage[]): string {
  const stuck = failed.filter(({ error }) => error?.mayPass !== true).length;
  const kept = "what arrived is not sent again";
  if (stuck === 0) return `The same command goes on: ${kept}.`;
  if (stuck === failed.length) return `Change that first; then the same command goes on: ${kept}.`;
  return `The same command goes on: ${kept}. For ${stuck} of the ${failed.length} that failed, change first what is said of ${stuck === 1 ? "it" : "them"}.`;
}
