import { renderCompose } from "../../render/compose/render-compose.ts";
import type { RenderFiles } from "../render-files.ts";

/** The Compose file and the configuration files that it mounts. */
export const renderFiles: RenderFiles = (plan) => renderCompose(plan).files;
