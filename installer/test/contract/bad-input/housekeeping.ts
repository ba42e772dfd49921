import { proofs } from "../proof.ts";
import type { BadInput } from "./row.ts";

const registry = "housekeeping/registry";
const hold = "housekeeping/hold-pushes";
const nothing = "nothing was removed, and no push had to wait";
const released = "nothing was removed, and no push waits any more";

/** What keeps garbage from being collected. */
export const housekeepingRows: readonly BadInput[] = [
  {
    fault: "a registry that is somewhere else",
    says: "the registry of this platform is somewhere else, and not this program's to clean",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "there, by whoever runs it",
    proofs: proofs(registry, "cleans none that is not the platform's own"),
  },
  {
    fault: "a registry that does not serve",
    says: "the job … needs …, which does not serve",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "when it serves",
    proofs: proofs(registry, "needs a registry that serves"),
  },
  {
    fault: "a housekeeping or a backup after a housekeeping that was killed",
    says: "a housekeeping of the registry was killed, and what it started may still be at work",
    code: "LOCKED",
    state: "pushes wait until what it started has ended",
    again: "after the time that the hint names",
    proofs: [
      ...proofs(registry, "of a run that was killed keeps the next one waiting"),
      ...proofs(
        hold,
        "no backup begins while pushes wait for a run that was killed, and one does when they wait no longer",
      ),
      ...proofs(
        "integration/housekeeping",
        "of a run that was killed holds pushes for ten minutes at most where it may take two, and keeps others away so long",
      ),
    ],
  },
  {
    fault: "a gateway that does not hold pushes: a clock that is off",
    says: "people can still push through …: …; nothing was removed",
    code: "APPLY_FAILED",
    state: released,
    again: "when the clocks agree",
    proofs: proofs(
      hold,
      "a hold of pushes is refused through a gateway whose clock is more than a minute off, and nobody waits",
    ),
  },
  {
    fault: "a push or a pull that goes on and on",
    says: "requests that … was at before pushes waited have not ended within … s: …; nothing was removed",
    code: "APPLY_FAILED",
    state: released,
    again: "when fewer people push and pull, or with more `--minutes`",
    proofs: proofs(registry, "removes nothing while such a request goes on"),
  },
  {
    fault: "a registry that is too large for the time that pushes may wait",
    says: "the registry was not through within … minutes; what was removed stays removed",
    code: "ROLLOUT_TIMEOUT",
    state: "a part was removed, which nothing named; no push waits any more",
    again: "with more `--minutes`",
    proofs: proofs(registry, ["says why it ended with status %i, and lets pushes through", "ROLLOUT_TIMEOUT"]),
  },
];
