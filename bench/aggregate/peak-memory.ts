// The largest resident memory of this process since it was started (or since /proc/self/clear_refs was told 5), in bytes.
import { readFileSync } from "node:fs";

export function peakBytes(): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) as unknown as [
    string,
    string,
  ];
  return Number(kibibytes) * 1024;
}
