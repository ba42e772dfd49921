import { hubComponent } from "../groups/hub-program.ts";
import { hubPorts } from "../groups/hub-file.ts";

/** Copies repositories from elsewhere. */
export const repoSync = hubComponent({
  id: "csghub-repo-sync",
  key: "repoSync",
  aliases: ["repo-sync"],
  title: { en: "Repository mirror", zh: "仓库同步" },
  purpose: { en: "Copies repositories from elsewhere", zh: "从其他站点同步仓库" },
  leastMemory: 64,
  command: ["mirror", "repo-sync"],
  port: hubPorts["repo-sync"],
  uses: ["redis", "temporal", "gitaly", "objects"],
});
