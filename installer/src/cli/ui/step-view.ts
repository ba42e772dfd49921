import type { InstallerEvent } from "../../events/event.ts";
import { formatMilliseconds, printable } from "./format.ts";
import { type Stopped, describeProgress, describeState } from "./reporter-plain.ts";

type ItemEvent = InstallerEvent & { readonly type: "item" };
type ProgressEvent = InstallerEvent & { readonly type: "progress" };

const finished: readonly ItemEvent["state"][] = ["healthy", "done", "unchanged", "removed"];

/** What is shown below the title of a running step: what is in hand, and how many are through. */
export interface StepView {
  item(event: ItemEvent): void;
  progress(event: ProgressEvent): void;
  lines(limit: number): readonly string[];
}

/** Collects the items of one step. */
export function createStepView(stopped: Stopped = () => false): StepView {
  const states = new Map<string, ItemEvent>();
  const progress = new Map<string, string>();
  return {
    item: (event) => {
      states.set(event.id, event);
      if (finished.includes(event.state)) progress.delete(event.id);
    },
    progress: (event) => void progress.set(event.id, describeProgress(event)),
    lines: (limit) => {
      const done = [...states.values()].filter((event) => finished.includes(event.state));
      const open = [...states.values()].filter((event) => !finished.includes(event.state) && !progress.has(event.id));
      const lines = [
        ...[...progress].map(([id, text]) => `${id}: ${text}`),
        ...open.map(
          (event) =>
            `${event.id}: ${describeState(event.state, stopped())}${event.detail === undefined ? "" : ` (${printable(event.detail)})`}`,
        ),
      ];
      const shown = lines.slice(0, limit);
      if (lines.length > limit) shown.push(`… and ${lines.length - limit} more`);
      if (done.length > 0)
        shown.push(`${done.length} of ${new Set([...states.keys(), ...progress.keys()]).size} through`);
      return shown;
    },
  };
}

/** Title of a step that ended, with its time. */
export function endedTitle(event: InstallerEvent & { readonly type: "step" }): string {
  const time = event.ms === undefined ? "" : ` (${formatMilliseconds(event.ms)})`;
  const detail = event.detail === undefined || event.detail === "" ? "" : `: ${printable(event.detail)}`;
  return `${event.title}${detail}${time}`;
}
