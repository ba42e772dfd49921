import { renderCompose } from "../../render/compose/render-compose.ts";
import type { Target } from "../target.ts";
import { renderOptionsOf } from "./facts.ts";

/** Renders for the engine that these facts are of; without them for the newest. */
export const renderPlan: Target["render"] = (plan, facts) =>
  Promise.resolve(renderCompose(plan, renderOptionsOf(facts)));
