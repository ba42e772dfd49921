import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openAssets } from "../../src/cli/assets.ts";
import { readImageTable } from "../../src/actions/desired/load-plan.ts";
import type { Plan } from "../../src/plan/model.ts";
import { buildAddressBook } from "../../src/render/addresses.ts";
import { renderGatewayNginx } from "../../src/render/config-files/gateway-nginx.ts";
import { renderedFileToString } from "../../src/render/rendered-file.ts";
import { runChild } from "../support/child.ts";
import { infraPlan, profilePlan } from "../support/infra-plan.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-gateway-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A domain of so many characters. */
function domainOf(length: number): string {
  const labels = `${"a".repeat(50)}.`.repeat(5);
  return `${labels.slice(0, length - "b.example".length)}b.example`;
}

/** Has the image of the gateway read a configuration, and say all that it read, its own files included. */
async function read(plan: Plan, ...engineOptions: readonly string[]) {
  const config = join(folder, "nginx.conf");
  const contents = renderGatewayNginx(
    plan,
    buildAddressBook(plan, (component) => component.id),
  );
  const text = renderedFileToString({ path: config, contents, secret: true }).replaceAll(
    /\$\{secret:[^}]+\}/g,
    "0".repeat(64),
  );
  await writeFile(config, text, { mode: 0o644 });
  const image = readImageTable(openAssets())["gateway"]?.reference ?? "";
  return await runChild("docker", [
    ...["run", "--rm", "--tmpfs", "/tmp", "--volume", `${config}:/etc/nginx/nginx.conf:ro`],
    ...[...engineOptions, image, "-T"],
  ]);
}

const accepted = { stderr: expect.stringContaining("test is successful") as string, exitCode: 0 };

describe("the gateway's own nginx", () => {
  // The longest domain that leaves room for the sub-domains of services, and lengths about which nginx's own sizes end.
  it.each([20, 38, 39, 60, 120, 230])("starts with a domain of %i characters", async (length) => {
    const domain = domainOf(length);

    const plan = infraPlan([`domain=${domain}`, "tls.mode=off", "casdoor.mode=off"]);

    expect(domain).toHaveLength(length);
    expect(await read(plan, "--network", "none")).toMatchObject(accepted);
  });

  it.each(["infra", "standard"])("starts where %s is backed up, and deletes may have to wait", async (profile) => {
    const sets = ["domain=hub.test", "tls.mode=off", "backup.mode=embedded", "backup.directory=/mnt/backup"];

    expect(await read(profilePlan(profile, sets), "--network", "none")).toMatchObject(accepted);
  });

  it("looks for services by their names alone, whatever the host searches", async () => {
    const plan = infraPlan(["domain=hub.test", "tls.mode=off", "casdoor.mode=off"]);

    const answer = await read(plan, "--dns-search", "office.example");

    expect(answer).toMatchObject({ ...accepted, stdout: expect.stringContaining('$inside { default ""; }') as string });
  });
});
