import { stateLayout } from "../../../execute/state/layout.ts";
import { drillPlaceOf } from "../../backup/drill-place.ts";
import { readUpgrade } from "../../upgrade/upgrade-record.ts";
import { type LiveCheck, seen } from "./live-check.ts";

/** While one is at work, what it has in hand is not left. */
const unlessAtWork = "unless one is at work just now";

const rotation: LiveCheck = {
  id: "live.rotation",
  title: "no secret waits to be replaced",
  why: "who had a secret replaced takes the old one for void, and the platform still runs with it",
  severity: "warning",
  run: ({ install }) => {
    const waiting = Object.keys(install?.applied.rotation ?? {});
    if (waiting.length === 0) return [];
    return [
      {
        message: `the replacement of ${waiting.join(", ")} was begun and is not complete`,
        remedy: `${unlessAtWork}, slipway install goes on with it`,
      },
    ];
  },
};

/** Also where nothing counts as installed yet: then it is all there is. */
const restore: LiveCheck = {
  id: "live.restore",
  title: "no restore stopped half-way",
  why: "a platform that is only partly back looks like one, and people would work on it",
  severity: "failure",
  run: async ({ fs, stateDir }) => {
    const { restore: path } = stateLayout(stateDir);
    if (!(await fs.exists(path))) return [];
    return [
      {
        message: "a restore was begun here and is not complete",
        remedy: `${unlessAtWork}, run the same slipway restore again: it goes on where it stopped`,
      },
    ];
  },
};

const upgrade: LiveCheck = {
  id: "live.upgrade",
  title: "no upgrade is half done, and none waits to be accepted for long",
  why: "half of an upgrade keeps every other change away, and what is kept to go back to takes as much room as the data and is worth less each day",
  severity: "failure",
  run: async ({ fs, stateDir, clock }) => {
    const record = await readUpgrade({ layout: stateLayout(stateDir) }, fs);
    if (record === undefined) return [];
    const { from, to, phase, keptAt = "" } = record;
    if (phase !== "applied") {
      const message = `the upgrade from ${from} to ${to} was begun and is not complete`;
      return [{ message, remedy: `${unlessAtWork}, slipway upgrade goes on with it, and slipway rollback goes back` }];
    }
    const days = Math.floor((clock.now().getTime() - Date.parse(keptAt)) / 86_400_000);
    if (!(days >= acceptWithinDays)) return [];
    return [
      {
        severity: "warning",
        message: `the upgrade from ${from} to ${to} waits to be accepted for ${days} days`,
        remedy: "slipway upgrade --accept removes what is kept to go back to",
      },
    ];
  },
};

/** Until then it may still be of use: people have met the newer version by that time. */
const acceptWithinDays = 7;

const drill: LiveCheck = {
  id: "live.drill-left",
  title: "no drill left its platform behind",
  why: "a second platform takes the memory and the disk of the first, and holds a copy of its data",
  severity: "warning",
  run: async ({ fs, name, stateDir }) => {
    const second = drillPlaceOf({ name, stateDir });
    if (!(await fs.exists(second.stateDir))) return [];
    const remove = `slipway uninstall --purge --name ${second.name} --state-dir ${second.stateDir} --yes-i-mean ${second.name}`;
    return [
      {
        message: `a drill that was cut off has left the platform ${second.name} (${second.stateDir})`,
        remedy: `${unlessAtWork}, the next slipway backup drill removes it, and so does ${remove}`,
      },
    ];
  },
};

const leftovers: LiveCheck = {
  id: "live.leftovers",
  title: "nothing is left of commands that were cut off",
  why: "what nobody asked for any more goes on using memory, and may serve from an older definition",
  severity: "warning",
  run: async (context) => {
    const { live, fs, stateDir } = context;
    if (seen(context) === undefined || live === undefined) return [];
    const { handingOver } = stateLayout(stateDir);
    const departed = live.departed.map((id) => ({
      component: id,
      message: "it still runs and is no longer part of the platform",
      remedy: `${unlessAtWork}, slipway install removes it`,
    }));
    const others =
      live.hasLeftovers && departed.length === 0
        ? [
            {
              message: "jobs, or half of a replacement, are left of a command that was cut off",
              remedy: `${unlessAtWork}, slipway install clears them away`,
            },
          ]
        : [];
    const handed = (await fs.exists(handingOver))
      ? [
          {
            message: `secrets that a backup handed over are still in ${handingOver}`,
            remedy: `${unlessAtWork}, remove that folder`,
          },
        ]
      : [];
    return [...departed, ...others, ...handed];
  },
};

export const liveRemainsChecks: readonly LiveCheck[] = [rotation, restore, upgrade, drill, leftovers];
