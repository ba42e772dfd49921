import { endpoint } from "../text.ts";

/**
 * The hub's internal API, which Gitaly's hooks and GitLab Shell ask before a push. Profiles without the hub have none: the address then
 * refuses at once, so that a push is declined cleanly instead of waiting.
 */
export const hubInternalApi = endpoint("server.http", "url", "http://127.0.0.1:9");
