import { expect, test } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { openAssets } from "../../cli/assets.ts";
import { explain } from "./explain.ts";

const ports = { fs: createMemoryFileSystem(), assets: openAssets(), target: createMemoryTarget().target };
const found = async (topic: string) => (await explain({ topic }, ports)).found;
const inChinese = async (topic: string) => (await explain({ topic, language: "zh" }, ports)).found;

test("a value is explained with what is allowed and its default", async () => {
  expect(await found("postgres.resources.memory")).toEqual([
    {
      subject: "value",
      path: "postgres.resources.memory",
      title: expect.any(String) as string,
      description: "Memory a container may use.",
      allowed: "a size such as 512Mi or 1Gi (Ki, Mi, Gi, Ti, k, M, G, T)",
      default: "1Gi",
      example: expect.any(String) as string,
      keys: [],
    },
  ]);
});

test("a section is explained with its keys", async () => {
  const [section] = await found("ports");

  expect(section).toMatchObject({ subject: "value", title: "Ports", description: "Ports published on the host." });
  expect(section).not.toHaveProperty("default");
  expect(section).toMatchObject({
    keys: expect.arrayContaining([{ path: "ports.http", title: "HTTP port" }]) as unknown,
  });
});

test("a key whose name is free is explained by what it stands in", async () => {
  const [section, key] = [await found("postgres.extraEnv"), await found("postgres.extraEnv.LEVEL")];

  expect(key).toMatchObject([{ path: "postgres.extraEnv.LEVEL", allowed: "text", keys: [] }]);
  expect(key).toMatchObject([{ description: (section[0] as { readonly description: string }).description }]);
});

test.each(["15", "DATA_EXPECTED", "data_expected"])("the exit code %s is explained", async (topic) => {
  expect(await found(topic)).toMatchObject([{ subject: "exit-code", exit: 15, code: "DATA_EXPECTED" }]);
});

test("a check is explained", async () => {
  expect(await found("live.drift")).toMatchObject([{ subject: "check", id: "live.drift", severity: "warning" }]);
});

test.each([
  ["live.drif", "did you mean live.drift?"],
  ["postgres.memory", "did you mean postgres.resources.memory?"],
  ["domian", "did you mean domain?"],
  ["xyzzy-xyzzy", "slipway values show names every value, slipway doctor --list every check"],
])("what is near %s is named", async (topic, hint) => {
  await expect(explain({ topic }, ports)).rejects.toMatchObject({ code: "USAGE", hint });
});

test("a value is explained in Chinese, with what is allowed", async () => {
  expect(await inChinese("postgres.resources.memory")).toEqual([
    {
      subject: "value",
      path: "postgres.resources.memory",
      title: "内存",
      description: "容器可以使用的内存。",
      allowed: "大小，例如 512Mi 或 1Gi（单位 Ki、Mi、Gi、Ti、k、M、G、T）",
      default: "1Gi",
      example: expect.any(String) as string,
      keys: [],
    },
  ]);
});

test("a section is explained in Chinese, with its keys", async () => {
  expect(await inChinese("ports")).toMatchObject([
    {
      title: "端口",
      allowed: "由 http、https、ssh、casdoor 和 s3 组成的映射",
      keys: expect.arrayContaining([{ path: "ports.http", title: "HTTP 端口" }]) as unknown,
    },
  ]);
});

test("a key whose name is free is explained in Chinese by what it stands in", async () => {
  const [section, key] = [await inChinese("postgres.extraEnv"), await inChinese("postgres.extraEnv.LEVEL")];

  expect(key).toMatchObject([{ allowed: "文本", title: "附加环境变量" }]);
  expect(key).toMatchObject([{ description: (section[0] as { readonly description: string }).description }]);
});

test("an exit code and checks are explained in Chinese", async () => {
  expect(await inChinese("DATA_EXPECTED")).toMatchObject([{ exit: 15, when: "记录中有数据的存储现在是空的" }]);
  expect(await inChinese("live.drift")).toMatchObject([{ title: "实际运行的内容与安装时一致", severity: "warning" }]);
  expect(await inChinese("files.tls")).toMatchObject([{ title: expect.stringContaining("TLS 文件可读") as string }]);
});

test("what has no Chinese words yet is explained in English", async () => {
  const assets = {
    ...ports.assets,
    readText: (path: string) => (path === "values/values.zh.json" ? "{}" : ports.assets.readText(path)),
  };
  const { found: english } = await explain({ topic: "ports", language: "zh" }, { ...ports, assets });

  expect(english).toEqual(await found("ports"));
});

test("the Chinese texts are read only where they are asked for", async () => {
  const read: string[] = [];
  const assets = { ...ports.assets, readText: (path: string) => (read.push(path), ports.assets.readText(path)) };

  await explain({ topic: "ports" }, { ...ports, assets });
  expect(read).not.toContain("values/values.zh.json");
  await explain({ topic: "ports", language: "zh" }, { ...ports, assets });
  expect(read).toContain("values/values.zh.json");
});
