import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openAssets } from "../../src/cli/assets.ts";
import { readImageTable } from "../../src/actions/desired/load-plan.ts";
import { buildAddressBook } from "../../src/render/addresses.ts";
import { renderGatewayNginx } from "../../src/render/config-files/gateway-nginx.ts";
import { renderedFileToString } from "../../src/render/rendered-file.ts";
import { runChild } from "../support/child.ts";
import { infraPlan } from "../support/infra-plan.ts";

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

describe("the gateway's own nginx", () => {
  // The longest domain that leaves room for the sub-domains of services, and lengths about which nginx's own sizes end.
  it.each([20, 38, 39, 60, 120, 230])("starts with a domain of %i characters", async (length) => {
    const domain = domainOf(length);
    const plan = infraPlan([`domain=${domain}`, "tls.mode=off", "casdoor.mode=off"]);
    const book = buildAddressBook(plan, (component) => component.id);
    const config = join(folder, "nginx.conf");
    const contents = renderGatewayNginx(plan, book);
    await writeFile(config, renderedFileToString({ path: config, contents, secret: false }), { mode: 0o644 });
    const image = readImageTable(openAssets())["gateway"]?.reference ?? "";

    const { stderr, exitCode } = await runChild("docker", [
      ...["run", "--rm", "--network", "none", "--tmpfs", "/tmp", "--volume", `${config}:/etc/nginx/nginx.conf:ro`],
      ...["--entrypoint", "nginx", image, "-t"],
    ]);

    expect(domain).toHaveLength(length);
    expect({ stderr, exitCode }).toEqual({
      stderr: expect.stringContaining("test is successful") as string,
      exitCode: 0,
    });
  });
});
