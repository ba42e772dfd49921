import { randomUUID } from "node:crypto";
import type { Answer, Exchange } from "./exchange.ts";
import { completeRecord } from "./records.ts";

/**
 * Keeps a request with its body, as Casdoor does with all but GETs and those of applications. Passwords are masked only where JSON has no
 * space after the colon; a client's secret in a form is kept in clear.
 */
export async function keepRecord(exchange: Exchange, answer: Answer): Promise<void> {
  const [organization = "", user = ""] = exchange.about.userId.split("/");
  if (exchange.method === "GET" || organization === "app") return;
  const { status = "", msg = "" } = JSON.parse(answer.body) as { readonly status?: string; readonly msg?: string };
  await exchange.store.insert(
    "record",
    completeRecord("record", {
      owner: organization,
      name: randomUUID(),
      createdTime: exchange.now().toISOString(),
      organization,
      user,
      method: exchange.method,
      requestUri: `${exchange.url.pathname}${exchange.url.search}`.slice(0, 1000),
      action: exchange.url.pathname.replace("/api/", ""),
      language: "en",
      object: exchange.body.replaceAll(/"password":"[^"]*"/g, '"password":"***"'),
      response: `{status:"${status}", msg:"${msg}"}`,
      statusCode: 200,
    }),
  );
}
