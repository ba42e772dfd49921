import { join } from "node:path";
import type { Collector, CollectorContext } from "../collector.ts";
import { readLines } from "../copy-file.ts";
import { eventsOfCopies, eventsOfHistory, failedStep, formatTimeline, type TimelineEvent } from "../timeline.ts";

export const timeline: Collector = {
  id: "timeline",
  holds: "one list of what happened, by time: runs, steps that failed, containers that started and ended",
  why: "what came first",
  collect: async (context) => {
    const events = [
      ...(await tried(context, "history", async () => eventsOfHistory(await context.look.history()))),
      ...(await tried(context, "the logs of runs", () => failedSteps(context))),
      ...(await tried(context, "containers", async () => eventsOfCopies(await context.look.copies()))),
    ];
    await context.add("timeline.txt", formatTimeline(events));
  },
};

/** What cannot be told is noted, and the list is made of the rest. */
async function tried(
  { failed, ports }: CollectorContext,
  subject: string,
  read: () => Promise<readonly TimelineEvent[]>,
): Promise<readonly TimelineEvent[]> {
  try {
    return await read();
  } catch (error) {
    ports.signal.throwIfAborted();
    failed(subject, error);
    return [];
  }
}

async function failedSteps({ look, install, ports }: CollectorContext): Promise<readonly TimelineEvent[]> {
  const events: TimelineEvent[] = [];
  for (const name of await look.runLogs()) {
    const keep = (line: string): void => {
      const event = failedStep(line);
      if (event !== undefined) events.push(event);
    };
    await readLines(join(install.layout.logs, name), keep, ports);
  }
  return events;
}
