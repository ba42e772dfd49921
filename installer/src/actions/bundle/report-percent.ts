import type { Report } from "../../events/event.ts";

/** Reports how far something has come, once a percent. */
export function reportPercent(
  { step, id }: { readonly step: string; readonly id: string },
  report: Report,
): (done: number, total: number) => void {
  let shown = -1;
  return (done, total) => {
    const percent = Math.floor((100 * done) / Math.max(1, total));
    if (percent === shown) return;
    shown = percent;
    report({ type: "progress", step, id, percent });
  };
}
