// The page's charts, by uPlot. A canvas says nothing to a screen reader: each has a table beside it.
import type UPlot from "uplot";

/** Loaded as a script of its own before the modules. */
declare const uPlot: typeof UPlot;

export type ChartData = UPlot.AlignedData;

export interface Chart {
  /** Nothing is drawn for fewer than `least` points. */
  set(data: ChartData): void;
}

interface Colours {
  readonly text: string;
  readonly line: string;
  readonly accent: string;
  readonly late: string;
  readonly band: string;
}

function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return { text: of("quiet"), line: of("line"), accent: of("accent"), late: of("late"), band: of("band") };
}

type Options = Pick<UPlot.Options, "series" | "scales" | "bands" | "hooks"> & { readonly axes: readonly UPlot.Axis[] };

/** Draws again when the place gets another width, or the reader another colour scheme. */
function openChart(place: HTMLElement, height: number, least: number, optionsOf: (colours: Colours) => Options): Chart {
  let plot: UPlot | undefined;
  let data: ChartData = [[]];
  const draw = () => {
    plot?.destroy();
    plot = undefined;
    const isEmpty = data[0].length < least;
    place.classList.toggle("empty", isEmpty);
    if (isEmpty || place.clientWidth === 0) return;
    const used = colours();
    const { axes, ...rest } = optionsOf(used);
    const styled = axes.map((axis) => ({
      stroke: used.text,
      grid: { stroke: used.line, width: 1 },
      ticks: { stroke: used.line, width: 1 },
      ...axis,
    }));
    const width = place.clientWidth;
    plot = new uPlot(
      { width, height, legend: { show: false }, cursor: { y: false }, axes: styled, ...rest },
      data,
      place,
    );
  };
  new ResizeObserver(() => {
    if (plot && plot.width !== place.clientWidth) plot.setSize({ width: place.clientWidth, height });
    else if (!plot) draw();
  }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  return {
    set(next) {
      data = next;
      if (plot && next[0].length >= least) plot.setData(next);
      else draw();
    },
  };
}

/** Rounds as whole numbers. */
const rounds: UPlot.Axis = {
  size: 32,
  incrs: [1, 2, 5, 10, 20, 50],
  values: (_, ticks) => ticks.map((tick) => String(tick)),
};

/** Steps of an axis of bytes, 256 B to 1 GiB: whole numbers of KiB or MiB. */
const byteSteps = Array.from({ length: 23 }, (_, power) => 256 * 2 ** power);

/** Data: rounds, AUC, lower and upper end of the interval. */
export function scoresChart(place: HTMLElement): Chart {
  const chance = (plot: UPlot, { text }: Colours) => {
    const { ctx, bbox } = plot;
    const y = Math.round(plot.valToPos(0.5, "y", true));
    ctx.save();
    ctx.strokeStyle = text;
    ctx.fillStyle = text;
    ctx.setLineDash([6 * devicePixelRatio, 5 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    // uPlot leaves what it drew last with.
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.fillText("chance", bbox.left + 4, y - 5 * devicePixelRatio);
    ctx.restore();
  };
  return openChart(place, 240, 1, (used) => ({
    scales: {
      x: { time: false, range: (_, low, high) => [low - 0.5, Math.max(high, low + 1) + 0.5] },
      y: { range: [0, 1] },
    },
    axes: [{ ...rounds, label: "round", labelSize: 22 }, { size: 44 }],
    series: [
      {},
      { label: "AUC", stroke: used.accent, width: 2.5, points: { show: true, size: 7, fill: used.accent } },
      { stroke: "transparent", points: { show: false } },
      { stroke: "transparent", points: { show: false } },
    ],
    bands: [{ series: [3, 2], fill: used.band }],
    hooks: { draw: [(plot) => chance(plot, used)] },
  }));
}

/** Data: rounds, gas. */
export function gasChart(place: HTMLElement): Chart {
  return openChart(place, 180, 1, (used) => ({
    scales: {
      x: { time: false, range: (_, low, high) => [low - 0.6, Math.max(high, low + 1) + 0.6] },
      y: { range: (_, __, high) => [0, (high || 1) * 1.1] },
    },
    axes: [
      rounds,
      { size: 60, values: (_, ticks) => ticks.map((tick) => (tick >= 1e6 ? `${tick / 1e6} M` : `${tick / 1e3} k`)) },
    ],
    series: [
      {},
      {
        label: "gas",
        stroke: used.accent,
        fill: used.band,
        width: 1.5,
        paths: uPlot.paths.bars!({ size: [0.6, 60] }),
        points: { show: false },
      },
    ],
  }));
}

/** Data: seconds since 1970, bytes a second received and sent. */
export function ratesChart(place: HTMLElement): Chart {
  const timeOf = (seconds: number) => new Date(seconds * 1000).toLocaleTimeString("en-GB");
  const size = (tick: number) =>
    tick >= 2 ** 20 ? `${+(tick / 2 ** 20).toFixed(1)} MiB/s` : `${+(tick / 1024).toFixed(1)} KiB/s`;
  return openChart(place, 170, 3, (used) => ({
    scales: { y: { range: (_, __, high) => [0, Math.max(1024, high * 1.1)] } },
    axes: [
      { space: 70, size: 32, values: (_, ticks) => ticks.map(timeOf) },
      { size: 86, incrs: byteSteps, values: (_, ticks) => ticks.map(size) },
    ],
    series: [
      {},
      { label: "received", stroke: used.accent, width: 2, points: { show: false } },
      { label: "sent", stroke: used.late, width: 2, dash: [6, 4], points: { show: false } },
    ],
  }));
}
