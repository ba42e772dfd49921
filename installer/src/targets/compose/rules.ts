import { renderCompose } from "../../render/compose/render-compose.ts";
import type { TargetRules } from "../target.ts";
import { renderOptionsOf } from "./facts.ts";
import { movedData } from "./moved-data.ts";
import { acceptOneHost } from "./one-host.ts";

/** Renders for the engine that the facts are of; without them for the newest. */
export const rules: TargetRules = {
  render: async (plan, facts) => {
    acceptOneHost(plan);
    return Promise.resolve(renderCompose(plan, renderOptionsOf(facts)));
  },
  accept: acceptOneHost,
  impossible: movedData,
};
