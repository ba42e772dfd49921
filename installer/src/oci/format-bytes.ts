/** "512 MiB", "3.4 GiB": binary units. */
export function formatBytes(bytes: number): string {
  return format(bytes, (value) => value);
}

/** Like `formatBytes`, but never less than the bytes themselves: for what has to be there. */
export function formatBytesNeeded(bytes: number): string {
  return format(bytes, (value, digits) => Math.ceil(value * 10 ** digits) / 10 ** digits);
}

function format(bytes: number, round: (value: number, digits: number) => number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${round(value, digits).toFixed(digits)} ${units[unit] ?? "B"}`;
}
