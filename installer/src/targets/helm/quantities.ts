const factors: Readonly<Record<string, number>> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** A quantity of the API as a number: `250m` is 0.25, `1Gi` its bytes, `1e3` 1000; 0 for what is none. */
export function amountOf(quantity: unknown): number {
  const [, digits = "", unit = ""] = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)$/.exec(String(quantity)) ?? [];
  const amount = Number(digits) * (factors[unit] ?? Number.NaN);
  return Number.isFinite(amount) ? amount : 0;
}

/** An amount of a resource for people: memory and disk in GiB or MiB, processors with up to two decimals. */
export function describeAmount(resource: string, amount: number): string {
  if (!/memory|storage/.test(resource)) return String(Number(amount.toFixed(2)));
  const [size, unit] = Math.abs(amount) >= 2 ** 30 ? [2 ** 30, "GiB"] : [2 ** 20, "MiB"];
  return `${Number((amount / size).toFixed(1))} ${unit}`;
}
