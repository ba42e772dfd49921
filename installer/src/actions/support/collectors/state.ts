import { planOfInstall } from "../../../execute/state/install.ts";
import { backupState } from "../../backup/remembered.ts";
import { recordedValues } from "../../context.ts";
import { doctor as runDoctor } from "../../doctor/doctor.ts";
import { status as readStatus } from "../../status/status.ts";
import type { Collector } from "../collector.ts";

export const status: Collector = {
  id: "status",
  holds: "what `slipway status --json` prints",
  why: "what runs, what does not, and what differs from what was installed",
  collect: async ({ place, ports, addJson }) => addJson("status.json", await readStatus(place, ports)),
};

export const doctor: Collector = {
  id: "doctor",
  holds: "what `slipway doctor --json` prints",
  why: "what is wrong with host, engine and platform, with the remedies that were given",
  collect: async ({ place, ports, addJson }) => {
    const request = { ...place, values: recordedValues, listOnly: false, strict: false };
    await addJson("doctor.json", await runDoctor(request, ports));
  },
};

export const containers: Collector = {
  id: "containers",
  holds: "every container or pod with its state, health, restarts, when and how it ended, and the digest of its image",
  why: "what keeps ending, and what ran out of memory",
  collect: async ({ look, addJson }) => addJson("containers.json", await look.copies()),
};

export const backups: Collector = {
  id: "backups",
  holds: "when the last backup, proof and drill were",
  why: "how much there is to go back to",
  collect: async ({ install, ports, addJson }) => {
    const state = await backupState(install, planOfInstall(install), ports.clock.now(), ports.fs);
    await addJson("backups.json", state ?? { made: false });
  },
};
