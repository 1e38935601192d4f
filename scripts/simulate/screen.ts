// Shows a run's progress on stderr: a line for each finished stage and, on a terminal, bars for long work. stdout holds only
// the result.
import pc from "picocolors";
import { type Bar, progressBars } from "../terminal/progress.ts";

export interface Screen {
  /** A line that stays. */
  say(line: string): void;
  /** A bar of that name, made when first asked for. */
  bar(name: string): Bar;
  /** Removes the bars. */
  clear(): void;
}

export function openScreen(): Screen {
  let group: ReturnType<typeof progressBars> | undefined;
  let bars = new Map<string, Bar>();
  const clear = () => {
    group?.stop();
    group = undefined;
    bars = new Map();
  };
  return {
    say(line) {
      // cli-progress repaints its lines, so it is stopped while text is printed above them.
      clear();
      process.stderr.write(`${line}\n`);
    },
    bar(name) {
      group ??= progressBars();
      const bar = bars.get(name) ?? group.add(name);
      bars.set(name, bar);
      return bar;
    },
    clear,
  };
}

const started = performance.now();

/** With the seconds since the command began. */
export function done(what: string, details: string): string {
  const seconds = `${((performance.now() - started) / 1000).toFixed(0)} s`;
  return `${pc.green("✓")} ${pc.dim(seconds.padStart(6))}  ${what.padEnd(12)} ${details}`;
}
