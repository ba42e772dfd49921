import { expect, it } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { type ExplainRequest, explain } from "../../actions/explain/explain.ts";
import { openAssets } from "../assets.ts";
import { cli, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const ports = { fs: createMemoryFileSystem(), assets: openAssets(), target: createMemoryTarget().target };
const engine = { explain: (request: ExplainRequest) => explain(request, ports) };

it("--lang zh explains a value in Chinese", async () => {
  const run = await cli("explain ports --lang zh", engine);

  expect(run.stdout().split("\n").slice(0, 5)).toEqual([
    "ports：端口",
    "  在主机上发布的端口。",
    "  允许的值：由 http、https、ssh、casdoor 和 s3 组成的映射",
    '  示例：{"http":8080,"https":8443}',
    "  ports.http     HTTP 端口",
  ]);
});

it("--lang zh explains an exit code and a check in Chinese", async () => {
  const exitCode = await cli("explain 15 --lang zh", engine);
  const check = await cli("explain live.drift --lang zh", engine);

  expect(exitCode.stdout()).toBe("退出码 15，DATA_EXPECTED：记录中有数据的存储现在是空的\n");
  expect(check.stdout()).toBe(
    [
      "live.drift：doctor 的检查项，最严重为警告",
      "  实际运行的内容与安装时一致",
      "  原因：手工更改会在下次安装时丢失，或导致安装失败",
      "",
    ].join("\n"),
  );
});

it("the locale decides where no language is given", async () => {
  const chinese = await cli("explain 2", engine, { io: { env: { LANG: "zh_CN.UTF-8" } } });
  const asked = await cli("explain 2 --lang en", engine, { io: { env: { LANG: "zh_CN.UTF-8" } } });
  const none = await cli("explain 2", engine);

  expect(chinese.stdout()).toBe("退出码 2，USAGE：选项或参数有误\n");
  expect(asked.stdout()).toBe("exit 2, USAGE: wrong flags or arguments\n");
  expect(none.stdout()).toBe(asked.stdout());
});

it("--json names the language of its texts", async () => {
  const run = await cli("explain 2 --lang zh --json", engine);

  expect(JSON.parse(run.stdout())).toMatchObject({
    language: "zh",
    found: [{ subject: "exit-code", exit: 2, when: "选项或参数有误" }],
  });
});

it("another language is refused, with those there are", async () => {
  const run = await cli("explain 2 --lang de", engine);

  expect(run.status).toBe(2);
  expect(run.stderr()).toContain("en, zh");
});
