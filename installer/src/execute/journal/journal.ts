import { joinFailures } from "../../errors/installer-error.ts";
import type { Clock, Failpoint, FileSystem } from "../../platform/ports.ts";
import { createQueue } from "../in-turn.ts";

export type Phase = "intent" | "done" | "undone";

/** One line of the journal. */
export interface JournalRecord {
  readonly v: 1;
  readonly run: string;
  readonly seq: number;
  readonly step: string;
  readonly phase: Phase;
  readonly at: string;
  readonly inputsHash: string;
}

export interface Step<T> {
  /** The result when the step's effect is there already, else undefined. It decides, not the journal. */
  readonly probe: () => Promise<T | undefined>;
  /** Must be safe to repeat: a killed run may have done any part of it. */
  readonly act: () => Promise<T>;
  /** Throws when the effect is not there after all. */
  readonly verify?: (result: T) => Promise<void>;
  /** Takes back what a failed or interrupted act may have left. */
  readonly undo?: () => Promise<void>;
}

export interface Journal {
  readonly run: string;
  /** Steps of earlier runs that were begun and neither finished nor undone. */
  readonly unfinished: readonly string[];
  readonly step: <T extends object | true>(id: string, inputsHash: string, step: Step<T>) => Promise<T>;
}

export interface JournalPorts {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly failpoint: Failpoint;
}

const compactAboveBytes = 256 * 1024;

/** Opens the journal of an install; the caller holds the run lock. */
export async function openJournal(ports: JournalPorts, path: string, run: string): Promise<Journal> {
  const earlier = parseJournal((await ports.fs.readTextIfPresent(path)) ?? "");
  const latest = latestOfEachStep(earlier.records);
  await repair(ports.fs, path, earlier, latest);
  let seq = earlier.records.at(-1)?.seq ?? 0;
  let torn = false;
  const inTurn = createQueue();
  const append = (step: string, phase: Phase, inputsHash: string): Promise<void> =>
    inTurn(async () => {
      seq += 1;
      const at = ports.clock.now().toISOString();
      const record: JournalRecord = { v: 1, run, seq, step, phase, at, inputsHash };
      await ports.failpoint(`before:${step}:${phase}`);
      const line = `${torn ? "\n" : ""}${JSON.stringify(record)}\n`;
      // Half a line may stand there when this fails; the next one begins on its own.
      torn = true;
      await ports.fs.appendDurable(path, line);
      torn = false;
      await ports.failpoint(`after:${step}:${phase}`);
    });
  const unfinished = new Set(latest.filter((record) => record.phase === "intent").map((record) => record.step));
  return {
    run,
    unfinished: [...unfinished],
    step: async (id, inputsHash, step) => {
      const present = await step.probe();
      if (present !== undefined) {
        if (unfinished.delete(id)) await append(id, "done", inputsHash);
        return present;
      }
      await append(id, "intent", inputsHash);
      try {
        const result = await step.act();
        await step.verify?.(result);
        await append(id, "done", inputsHash);
        return result;
      } catch (error) {
        if (step.undo === undefined) throw error;
        const takenBack = step.undo().then(() => append(id, "undone", inputsHash));
        // That it cannot be taken back must not hide why it had to be.
        await takenBack.catch((second: unknown) => {
          throw joinFailures([error, second]);
        });
        throw error;
      }
    },
  };
}

interface ParsedJournal {
  readonly records: readonly JournalRecord[];
  readonly bytes: number;
  /** The last line was cut by a crash. */
  readonly torn: boolean;
}

/** Reads the journal; a last line without its end is the mark of a crash and does not count. */
export function parseJournal(text: string): ParsedJournal {
  const lines = text.split("\n");
  const rest = lines.pop() ?? "";
  const records = lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as JournalRecord];
    } catch {
      return [];
    }
  });
  return { records, bytes: text.length, torn: rest !== "" };
}

async function repair(
  fs: FileSystem,
  path: string,
  parsed: ParsedJournal,
  latest: readonly JournalRecord[],
): Promise<void> {
  if (!parsed.torn && parsed.bytes < compactAboveBytes) return;
  const kept = parsed.bytes < compactAboveBytes ? parsed.records : latest;
  await fs.writeAtomic(path, kept.map((record) => `${JSON.stringify(record)}\n`).join(""));
}

function latestOfEachStep(records: readonly JournalRecord[]): readonly JournalRecord[] {
  const latest = new Map<string, JournalRecord>();
  for (const record of records) {
    latest.delete(record.step);
    latest.set(record.step, record);
  }
  return [...latest.values()];
}
