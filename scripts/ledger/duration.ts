// Converts between periods as text (90s, 30m, 24h, 7d) and seconds, the unit of the contract.
import { FedError } from "../../foundation/errors.ts";

const unitSeconds: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of "90", "90s", "30m", "24h" or "7d". @throws OPTION_INVALID */
export function parseDuration(text: string, option: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) {
    throw new FedError("OPTION_INVALID", { option, value: text }, { remedy: "write a period as 90s, 30m, 24h or 7d" });
  }
  return Number(count) * unitSeconds[unit]!;
}

/** A period as text with its largest units, two by default: "1 d 3 h", "4 m 10 s". */
export function showDuration(seconds: number, units = 2): string {
  const parts: string[] = [];
  let left = Math.max(0, Math.floor(seconds));
  for (const unit of ["d", "h", "m", "s"]) {
    const size = unitSeconds[unit]!;
    if (left >= size) parts.push(`${Math.floor(left / size)} ${unit}`);
    left %= size;
  }
  return parts.slice(0, units).join(" ") || "0 s";
}
