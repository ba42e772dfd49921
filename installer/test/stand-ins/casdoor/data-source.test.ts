import { describe, expect, it } from "vitest";
import { parseDataSource } from "./data-source.ts";

describe("a data source name", () => {
  it("carries any password in a URL", () => {
    expect(
      parseDataSource(`postgres://u%40x:${encodeURIComponent("p@ss/w:rd %1")}@db:5433/name?sslmode=disable`),
    ).toEqual({ host: "db", port: 5433, user: "u@x", password: "p@ss/w:rd %1", database: "name", ssl: false });
  });

  it("is split at every space in its other form", () => {
    expect(parseDataSource("user=u password=p host=db port=5432 sslmode=disable dbname=name")).toMatchObject({
      password: "p",
      database: "name",
    });
    expect(() => parseDataSource("user=u password='a b' dbname=name")).toThrow('invalid option: "b\'"');
  });

  it("wants TLS unless told otherwise", () => {
    expect(parseDataSource("postgres://u:p@db/name").ssl).toEqual({ rejectUnauthorized: false });
    expect(parseDataSource("postgres://u:p@db/name?sslmode=verify-full&sslrootcert=/ca", () => "CA").ssl).toEqual({
      rejectUnauthorized: true,
      ca: "CA",
    });
    expect(() => parseDataSource("postgres://u:p@db/name?sslmode=prefer")).toThrow("unsupported sslmode");
  });
});
