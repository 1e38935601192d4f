// Parts of every chart: frame, axes with round numbers, text. Charts are strings of SVG.

/** Colours that colour-blind readers can tell apart (Okabe and Ito 2008). */
export const palette = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#7a7a7a",
  "#000000",
] as const;

export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly label: string;
}

/** Maps data to positions in the picture. */
export interface Plot {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  x(value: number): number;
  y(value: number): number;
}

export function layOut(
  x: Axis,
  y: Axis,
  { width, height, legendWidth }: { width: number; height: number; legendWidth: number },
): Plot {
  const [left, top, right, bottom] = [64, 44, width - 20 - legendWidth, height - 52];
  const across = (value: number, { low, high }: Axis) => (high > low ? (value - low) / (high - low) : 0.5);
  return {
    width,
    height,
    left,
    top,
    right,
    bottom,
    x: (value) => round(left + across(value, x) * (right - left)),
    y: (value) => round(bottom - across(value, y) * (bottom - top)),
  };
}

/** The whole SVG document: white ground, title, axes with ticks and grid, then the given marks. */
export function chartDocument(plot: Plot, title: string, x: Axis, y: Axis, marks: readonly string[]): string {
  const grid = [
    ...ticks(x.low, x.high).flatMap((value) => [
      line(plot.x(value), plot.top, plot.x(value), plot.bottom, "#e6e6e6"),
      label(plot.x(value), plot.bottom + 18, tickText(value), { anchor: "middle" }),
    ]),
    ...ticks(y.low, y.high).flatMap((value) => [
      line(plot.left, plot.y(value), plot.right, plot.y(value), "#e6e6e6"),
      label(plot.left - 8, plot.y(value) + 4, tickText(value), { anchor: "end" }),
    ]),
  ];
  const middleX = (plot.left + plot.right) / 2;
  const middleY = (plot.top + plot.bottom) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${plot.width}" height="${plot.height}" viewBox="0 0 ${plot.width} ${plot.height}" font-family="DejaVu Sans" font-size="12" fill="#222">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...grid,
    `<path d="M${plot.left} ${plot.top}V${plot.bottom}H${plot.right}" fill="none" stroke="#444"/>`,
    label(middleX, 24, title, { anchor: "middle", size: 15 }),
    label(middleX, plot.height - 12, x.label, { anchor: "middle" }),
    `<g transform="rotate(-90 18 ${round(middleY)})">${label(18, middleY, y.label, { anchor: "middle" })}</g>`,
    ...marks,
    "</svg>",
  ].join("\n");
}

export function label(
  x: number,
  y: number,
  text: string,
  { anchor = "start", size = 12 }: { anchor?: "start" | "middle" | "end"; size?: number } = {},
): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" font-size="${size}">${escapeXml(text)}</text>`;
}

export function line(x0: number, y0: number, x1: number, y1: number, stroke: string, dashed = false): string {
  const dashes = dashed ? ' stroke-dasharray="5 4"' : "";
  return `<line x1="${round(x0)}" y1="${round(y0)}" x2="${round(x1)}" y2="${round(y1)}" stroke="${stroke}"${dashes}/>`;
}

/** Names of the series at the right of the plot, each with its colour. */
export function legend(plot: Plot, entries: readonly { name: string; colour: string }[]): string[] {
  return entries.flatMap(({ name, colour }, index) => {
    const y = plot.top + 10 + index * 20;
    const x = plot.right + 16;
    return [
      `<line x1="${x}" y1="${y}" x2="${x + 18}" y2="${y}" stroke="${colour}" stroke-width="3"/>`,
      label(x + 24, y + 4, name),
    ];
  });
}

/** Width that the legend of these names needs, pixels. */
export function legendWidth(names: readonly string[]): number {
  return names.length === 0 ? 0 : 48 + 7.4 * Math.max(...names.map((name) => name.length));
}

/** About five round numbers within [low, high]. */
export function ticks(low: number, high: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function tickText(value: number): string {
  return Math.abs(value) >= 1e5 ? value.toExponential(0) : String(Number(value.toPrecision(6)));
}

/** Escapes text for XML and HTML, including attributes. */
export function escapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
  };
  return text.replace(/[&<>"']/g, (char) => names[char]!);
}
