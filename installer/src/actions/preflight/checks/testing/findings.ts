import type { Finding } from "../../../../events/event.ts";
import { type FakeWorld, fakeContext } from "../../../../../test/support/fake-check-context.ts";
import { runChecks } from "../../run-checks.ts";
import { composeLive, composePreflight } from "../../../../targets/compose/checks/all.ts";
import { hostChecks } from "../all.ts";
import { liveChecks } from "../live.ts";

/** Those of a host, and of Compose on it. */
export const preflightChecks = [...composePreflight, ...hostChecks];

/** What one check finds in a made-up world. */
export async function findings(id: string, world: FakeWorld = {}): Promise<readonly Finding[]> {
  const check = [...preflightChecks, ...composeLive, ...liveChecks].find((candidate) => candidate.id === id);
  if (check === undefined) throw new Error(`no check ${id}`);
  const report = await runChecks([check], fakeContext(world));
  return report.findings.filter((finding) => finding.severity !== "ok");
}

/** Their severities alone. */
export const severities = (list: readonly Finding[]): readonly string[] => list.map((finding) => finding.severity);
