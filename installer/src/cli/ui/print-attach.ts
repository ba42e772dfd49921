import type { AttachResult } from "../../actions/attach/attach.ts";

/** What a state directory is of now, and what to do next. */
export function formatAttach({ name, stateDir, place, profile, release, changeSince }: AttachResult): string {
  const head = `${stateDir} has the records of ${name} (profile ${profile}, revision ${release}), from the ${place}`;
  return changeSince === undefined
    ? `${head}\nslipway status shows what runs`
    : `${head}\na change that began at ${changeSince} is not complete: slipway install finishes it`;
}
