import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { renderCompose } from "../../src/render/compose/render-compose.ts";
import { renderHelm } from "../../src/render/helm/render-helm.ts";
import { type RenderedFile, renderedFileToString } from "../../src/render/rendered-file.ts";
import { infraPlan } from "../support/infra-plan.ts";

/**
 * What the infra profile by domain with TLS renders to, kept beside this file and reviewed like code. After a wanted change:
 * `npx vitest run -c installer/vitest.config.ts --project unit golden -u`, and delete files that are named below as left over.
 */
const here = dirname(fileURLToPath(import.meta.url));
const plan = infraPlan(["domain=platform.example.org"]);

describe.each<[string, readonly RenderedFile[]]>([
  ["infra/compose", renderCompose(plan).files],
  ["infra/helm", renderHelm(plan).files],
])("golden output of %s", (folder, files) => {
  it.each(files.map((file) => [file.path, file] as const))("%s is as reviewed", async (path, file) => {
    await expect(renderedFileToString(file)).toMatchFileSnapshot(join(here, folder, path));
  });

  it("has no file that is not rendered any more", () => {
    const kept = readdirSync(join(here, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(here, folder).length + 1));

    expect(kept.sort()).toEqual(files.map((file) => file.path).sort());
  });
});
