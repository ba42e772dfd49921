import { hubComponent } from "../groups/hub-program.ts";
import { hubPorts } from "../groups/hub-file.ts";

/** Copies large files of mirrored repositories. */
export const lfsSync = hubComponent({
  id: "csghub-lfs-sync",
  key: "lfsSync",
  aliases: ["lfs-sync"],
  title: { en: "Large-file mirror", zh: "大文件同步" },
  purpose: { en: "Copies large files of mirrored repositories", zh: "同步镜像仓库的大文件" },
  leastMemory: 64,
  command: ["mirror", "lfs-sync"],
  port: hubPorts["lfs-sync"],
  uses: ["redis", "temporal", "gitaly", "objects"],
});
