// Progress of long work: bars on a terminal, nothing in logs and pipes.
import cliProgress from "cli-progress";

export interface Bar {
  /** Moves the bar; `note` is a short text after it. */
  update(done: number, total: number, note?: string): void;
  stop(): void;
}

const format = "  {label} {bar} {value}/{total} {note}";

/** One bar on stderr. */
export function progressBar(label: string): Bar {
  const bars = progressBars();
  const bar = bars.add(label);
  return { update: bar.update, stop: bars.stop };
}

/** Several bars on stderr, one per line. */
export function progressBars(): { add(label: string): Bar; stop(): void } {
  if (!process.stderr.isTTY) {
    return { add: () => ({ update: () => {}, stop: () => {} }), stop: () => {} };
  }
  const multi = new cliProgress.MultiBar(
    {
      format,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 28,
      linewrap: false,
      noTTYOutput: false,
    },
    cliProgress.Presets.shades_classic,
  );
  return {
    add(label) {
      const bar = multi.create(1, 0, { label: label.padEnd(22), note: "" });
      return {
        update(done, total, note = "") {
          bar.setTotal(Math.max(1, total));
          bar.update(done, { note });
        },
        stop: () => multi.remove(bar),
      };
    },
    stop: () => multi.stop(),
  };
}
