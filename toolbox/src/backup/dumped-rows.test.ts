import { expect, it } from "vitest";
import { dumpCounter } from "./dumped-rows.ts";

const dump = `-- Data for Name: t; Type: TABLE DATA
SET search_path = '';
COPY public.t (id, text) FROM stdin;
1\tone
2\ttwo\\nlines
3\tCOPY public.x (id) FROM stdin;
4\t\\\\.
\\.

COPY public.empty (id) FROM stdin;
\\.

COPY public."odd name" ("a
SELECT pg_catalog.setval('public.t_id_seq', 4, true);
SELECT pg_catalog.lowrite(0, '\\x0102');
`;

it("counts tables, rows and sequences, wherever the dump is cut into pieces", () => {
  for (let size = 1; size <= 70; size += 3) {
    const counter = dumpCounter();
    const bytes = Buffer.from(dump);
    for (let from = 0; from < bytes.length; from += size) counter.write(bytes.subarray(from, from + size));

    expect(counter.result()).toEqual({ tables: 2, rows: 4, sequences: 1 });
  }
});

it("takes a row of any length", () => {
  const counter = dumpCounter();
  counter.write(Buffer.from("COPY public.t (x) FROM stdin;\n"));
  for (let piece = 0; piece < 50; piece += 1) counter.write(Buffer.alloc(100_000, 97));
  counter.write(Buffer.from("\n\\.\n"));

  expect(counter.result()).toEqual({ tables: 1, rows: 1, sequences: 0 });
});
