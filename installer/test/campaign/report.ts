import type { CampaignResult, CampaignRow } from "./run-campaign.ts";

/** A result, and when it was found, in ISO 8601. */
export type CampaignRecord = CampaignResult & { readonly at: string };

const begin = "<!-- campaign: written by npm run campaign -- --write -->";
const end = "<!-- end of campaign -->";

/** The page with a result in the place of the one before. */
export function toMarkdown(page: string, record: CampaignRecord): string {
  const [before = "", rest = ""] = page.split(begin, 2);
  const after = rest.split(end, 2)[1] ?? "";
  return `${before}${begin}\n\n${describe(record)}\n\n${end}${after}`;
}

function describe({ rows, seed, minutes, written, points, at }: CampaignRecord): string {
  const failed = rows.filter(({ problems }) => problems.length > 0);
  const kinds = [...new Set(rows.map(({ kind }) => kind))].toSorted();
  const rounds = new Set(rows.map(({ round }) => round)).size;
  const passed = Object.entries(points).map(
    ([command, { passed: all, killedAt }]) => `\`${command}\` at ${killedAt} of the ${all} points that it passes`,
  );
  return [
    `${at.slice(0, 10)}, seed ${seed}, ${minutes} minutes, ${rounds} platforms one after the other, ${written} acknowledged writes: ` +
      `${rows.length - failed.length} of ${rows.length} faults ended well. Killed: ${passed.join(", ")}.`,
    "",
    "| What happened | Times | Ended well | Seconds each |",
    "| --- | --- | --- | --- |",
    ...kinds.map((kind) =>
      line(
        kind,
        rows.filter((row) => row.kind === kind),
      ),
    ),
    ...(failed.length === 0 ? [] : ["", "What did not end well:", "", ...failed.map(tell)]),
  ].join("\n");
}

function line(kind: string, rows: readonly CampaignRow[]): string {
  const well = rows.filter(({ problems }) => problems.length === 0).length;
  const seconds = Math.round(rows.reduce((sum, row) => sum + row.seconds, 0) / rows.length);
  return `| ${kind} | ${rows.length} | ${well} | ${seconds} |`;
}

function tell({ round, kind, what, problems }: CampaignRow): string {
  return `- round ${round}, ${kind}, ${what}: ${problems.map((text) => text.split("\n", 1)[0]).join("; ")}`;
}
