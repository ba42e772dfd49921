import { renderCompose } from "../../render/compose/render-compose.ts";
import type { TargetRules } from "../target.ts";
import { renderOptionsOf } from "./facts.ts";
import { movedData } from "./moved-data.ts";

/** Renders for the engine that the facts are of; without them for the newest. */
export const rules: TargetRules = {
  render: (plan, facts) => Promise.resolve(renderCompose(plan, renderOptionsOf(facts))),
  impossible: movedData,
};
