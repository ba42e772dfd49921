import type { ComponentDefinition } from "../define.ts";
import { backup } from "./backup.ts";
import { casdoor } from "./casdoor.ts";
import { gateway } from "./gateway.ts";
import { gitaly } from "./gitaly.ts";
import { gitlabShell } from "./gitlab-shell.ts";
import { hubStores } from "./hub-stores.ts";
import { landingPage } from "./landing-page.ts";
import { minio } from "./minio.ts";
import { nats } from "./nats.ts";
import { openidProvider } from "./openid-provider.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";
import { tunnel } from "./redis-tunnel.ts";
import { registry } from "./registry.ts";
import { temporal } from "./temporal.ts";
import { temporalUi } from "./temporal-ui.ts";
import { accounting } from "./csghub-accounting.ts";
import { aigateway } from "./csghub-aigateway.ts";
import { dataflow } from "./csghub-dataflow.ts";
import { dataviewer } from "./csghub-dataviewer.ts";
import { lfsSync } from "./csghub-lfs-sync.ts";
import { moderation } from "./csghub-moderation.ts";
import { notifier } from "./csghub-notifier.ts";
import { portal } from "./csghub-portal.ts";
import { repoSync } from "./csghub-repo-sync.ts";
import { rproxy } from "./csghub-rproxy.ts";
import { server } from "./csghub-server.ts";
import { temporalWorker } from "./csghub-temporal-worker.ts";
import { user } from "./csghub-user.ts";
import { labelStudio } from "./label-studio.ts";
import { walArchive } from "./wal-archive.ts";

/** Every component there is. Adding one: write its file, name it here. */
export const componentDefinitions: readonly ComponentDefinition[] = [
  postgres,
  redis,
  tunnel,
  minio,
  nats,
  gitaly,
  gitlabShell,
  registry,
  temporal,
  temporalUi,
  openidProvider,
  casdoor,
  landingPage,
  hubStores,
  server,
  user,
  accounting,
  repoSync,
  lfsSync,
  rproxy,
  dataviewer,
  notifier,
  aigateway,
  moderation,
  temporalWorker,
  dataflow,
  labelStudio,
  portal,
  backup,
  walArchive,
  gateway,
];
