import { hubComponent } from "../groups/hub-program.ts";
import { workersWire } from "../groups/hub-workers.ts";
import { hubPorts } from "../groups/hub-file.ts";

/** What is in datasets. */
export const dataviewer = hubComponent({
  id: "csghub-dataviewer",
  key: "dataviewer",
  aliases: ["dataviewer"],
  title: { en: "Dataset viewer", zh: "数据集预览" },
  purpose: { en: "Shows what is in datasets", zh: "预览数据集内容" },
  leastMemory: 128,
  growth: { memoryPerUser: 2 },
  scratchMiB: 512,
  command: ["dataviewer", "launch"],
  port: hubPorts.dataviewer,
  uses: ["redis", "temporal", "gitaly", "objects"],
  // Without these two of the image DuckDB would fetch them from its maker's site before the first preview. Read-only, it cannot.
  folder: {
    volume: "extensions",
    from: "/root/.duckdb",
    to: "/tmp/.duckdb",
    title: "extensions of DuckDB",
    expected: "extensions/*/*/httpfs.duckdb_extension",
    without: "datasets have no previews",
  },
  settings: () => ({ env: { OPENCSG_DATAVIEWER_CACHE_DIR: "/tmp/opencsg" } }),
  more: (context) => ({ wires: [workersWire(context, "csghub-dataviewer", ["data_viewer_queue_dataset_update"])] }),
});
