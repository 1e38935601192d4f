// Numbers, names and times as words for people.

/** `0x1a2b3c4d…` */
export function shortName(hex: string): string {
  return hex.length > 12 ? `${hex.slice(0, 10)}…` : hex;
}

export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = count;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${size.toFixed(size < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

/** Seconds as `1 h 5 min`, `3 min 20 s`, `12 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  if (minutes > 0) return `${minutes} min ${whole % 60} s`;
  return `${whole} s`;
}

export function number(value: number): string {
  return value.toLocaleString("en-GB");
}

export function share(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

export function estimated({ value, low, high }: { value: number; low: number; high: number }): string {
  return `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

/** Milliseconds since 1970 in the reader's own time. */
export function clock(at: number): string {
  return new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Rounded up, since an epsilon must never be told too small. */
export function epsilonSpent({ epsilon, delta }: { epsilon: number; delta: number }): string {
  const shown = (Math.ceil(epsilon * 100) / 100).toFixed(2);
  return `Differential privacy of each patient: epsilon ${shown} at delta ${delta} so far.`;
}
