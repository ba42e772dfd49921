import type { InstallerEvent, Report } from "../../events/event.ts";
import { steps } from "../../events/steps.ts";
import { createQueue } from "../../execute/in-turn.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import type { Pending } from "../../render/config-files/landing-page-words.ts";
import { type LivePlatform, serves } from "../../targets/live-platform.ts";
import type { ActionPorts } from "../context.ts";

/** Keeps the platform's page true while a run changes the platform. */
export interface PageTeller {
  /** Hands events on, and lets the page follow what they say of components. */
  readonly report: Report;
  /** Puts what is pending now on the page, before anything starts. */
  begin(): Promise<void>;
  /** The run ended: well, or before everything served. */
  end(outcome: "served" | "stopped"): Promise<void>;
}

type TellPorts = Pick<ActionPorts, "target" | "clock" | "report">;

type ItemState = Extract<InstallerEvent, { type: "item" }>["state"];

const pendingOf: Partial<Readonly<Record<ItemState, Pending>>> = {
  waiting: "coming",
  starting: "starting",
  failed: "failed",
};

/** A page teller for one change; where the plan has no page that takes notices it only hands events on. */
export function tellPage(plan: Plan, install: Install, live: LivePlatform, ports: TellPorts): PageTeller {
  const page = plan.components.find(
    ({ role, workload }) => role === "page" && workload?.container.notices !== undefined,
  );
  if (page === undefined) {
    return { report: ports.report, begin: () => Promise.resolve(), end: () => Promise.resolve() };
  }
  const pending = pendingIn(plan, live);
  let stopped = false;
  let asked = 0;
  let told = 0;
  const inTurn = createQueue();
  const write = async (): Promise<void> => {
    // What is so when its turn comes answers all that asked by then.
    if (told === asked) return;
    told = asked;
    try {
      await putPage();
    } catch (error) {
      // A page that cannot be written is no reason to stop an install.
      ports.report({ type: "debug", message: "the page was not told", data: String(error) });
    }
  };
  const putPage = async (): Promise<void> => {
    const { pageNotices } = await import("../../render/config-files/page-files.ts");
    const at = ports.clock.now();
    // A run that ended badly is told of also where everything serves: a job may have failed that nothing waits for.
    const isTold = stopped || pending.size > 0;
    const texts = !isTold ? new Map<string, string>() : pageNotices(plan, { pending, at, stopped });
    await ports.target.putNotices(install, page.id, texts);
  };
  const tell = (): Promise<void> => {
    asked += 1;
    return inTurn(write);
  };
  const services = new Set(plan.components.flatMap(({ id, workload }) => (workload === undefined ? [] : [id])));
  return {
    report: (event) => {
      ports.report(event);
      if (event.type !== "item" || event.step !== steps.start.id || !services.has(event.id)) return;
      const state = pendingOf[event.state];
      if (pending.get(event.id) === state) return;
      if (state === undefined) pending.delete(event.id);
      else pending.set(event.id, state);
      void tell();
    },
    begin: tell,
    end: (outcome) => {
      stopped = outcome === "stopped";
      if (!stopped) pending.clear();
      return tell();
    },
  };
}

/** Services of the plan that do not serve now. */
function pendingIn(plan: Plan, live: LivePlatform): Map<string, Pending> {
  const missing = plan.components.filter(({ id, workload }) => {
    const service = live.services.get(id);
    return workload !== undefined && (service === undefined || !serves(service));
  });
  return new Map(missing.map(({ id }) => [id, "coming"]));
}
