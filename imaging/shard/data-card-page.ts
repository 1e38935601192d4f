// The data card as one HTML file without scripts or external resources.
import type { LabelCounts } from "../import/import-report.ts";
import type { DataCard, Range } from "./data-card.ts";

export function dataCardPage(card: DataCard): string {
  const { patients, splits, grid, stored } = card;
  const total = patients.positive + patients.negative;
  const classRow = (name: string, { positive, negative }: DataCard["patients"]) => [
    name,
    positive,
    negative,
    positive + negative,
  ];
  const sections = [
    section(
      "Patients",
      table(
        ["", "positive", "negative", "together"],
        [
          classRow("train", splits.train),
          classRow("validation", splits.validation),
          classRow("test", splits.test),
          classRow("all", patients),
        ],
      ),
    ),
    section(
      "Input of the network",
      `<p>${grid.height} x ${grid.width} pixels, windows ${text(grid.windows.join(", "))}; slices ${range(card.slices)}.</p>`,
    ),
    section(
      "How the scans were stored",
      table(
        ["", "least", "median", "most"],
        [
          ["slices", ...stored.slices],
          ["pixel, mm", ...stored.pixelMm],
          ["slice distance, mm", ...stored.spacingMm],
          ["slice thickness, mm", ...stored.thicknessMm],
          ...(stored.lungMl ? [["lungs, ml", ...stored.lungMl]] : []),
        ],
      ),
    ),
    ...tallySection("Scanners", card.scanners, total),
    ...tallySection("Kernels", card.kernels, total),
    ...tallySection("Encodings", card.encodings, total),
    ...tallySection("Positions", card.positions, total),
    ...tallySection("Warnings about imported scans", card.warnings, total),
    section(
      "Left out",
      card.exclusions.length === 0
        ? "<p>Nothing.</p>"
        : table(
            ["what", "code", "count", "files", "remedy"],
            card.exclusions.map(({ what, code, count, files, remedy }) => [what, code, count, files, remedy]),
          ),
    ),
    ...(card.labels ? [section("How patients were found and labelled", labelTable(card.labels))] : []),
    section("Shortcuts", shortcuts(card)),
    section("Commitments", `<p>Scans <code>${card.root}</code><br>Left out <code>${card.quarantine}</code></p>`),
  ];
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Data card</title><style>${style}</style>
<h1>Data card</h1><p>${total} patients, one scan each. Names are keyed hashes.</p>
${sections.join("\n")}</html>
`;
}

/** Of a network on synthetic patients: where it found the disease, and where it lies. */
export interface ActivationPictures {
  /** The slices, with the lesions' outline and under the network's activation. */
  readonly png: Uint8Array;
  /** Slices whose highest activation was looked at. */
  readonly points: number;
  /** Slices in which it lies on a lesion. */
  readonly hits: number;
  /** Hits expected of points anywhere in the lungs. */
  readonly chance: number;
}

const activationTitle = "Where the network finds the disease";

/** The page with pictures at its end, in place of earlier ones. Only for synthetic patients: pictures of others show persons. */
export function withActivationPictures(page: string, { png, points, hits, chance }: ActivationPictures): string {
  const [before = ""] = page.split(`<h2>${activationTitle}</h2>`);
  const said =
    `<p>Synthetic patients of the test split. Each slice twice: with the outline of its lesions, and under the network's ` +
    `activation (Grad-CAM). Its highest value lies on a lesion in ${hits} of ${points} slices; anywhere in the lungs it would ` +
    `in ${chance.toFixed(1)}.</p>`;
  const image = `<img alt="slices with lesions and activation" src="data:image/png;base64,${Buffer.from(png).toString("base64")}">`;
  return `${before.replace("</html>\n", "")}${section(activationTitle, said + image)}</html>\n`;
}

const style =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1d2733;background:#fff}" +
  "img{max-width:100%}table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left;border-bottom:1px solid #dde3ea}" +
  "td.n{text-align:right;font-variant-numeric:tabular-nums}.warn{color:#a33b00;font-weight:600}code{word-break:break-all}" +
  "@media(prefers-color-scheme:dark){body{color:#dfe6ee;background:#141a21}td,th{border-color:#303a46}.warn{color:#ffb38a}}";

function labelTable({ found, leftOut, labelFrom, matchedBy, joined, otherSeries, rows }: LabelCounts): string {
  const counted = (title: string, counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([word, count]) => [`${title} ${word}`, count]);
  return table(
    ["", "number"],
    [
      ["patients in the archive", found],
      ["patients left out", leftOut],
      ...counted("label from", labelFrom),
      ...counted("matched by", matchedBy),
      ["joined from several folders by PatientID", joined],
      ["imported from another than the preferred series", otherSeries],
      ...(rows
        ? [
            ["rows of the CSV", rows.total],
            ["rows matched", rows.matched],
          ]
        : []),
    ],
  );
}

function shortcuts({ shortcuts: found }: DataCard): string {
  if (found.length === 0)
    return "<p>Nothing to say: fewer than ten patients of a class, or all scans were taken alike.</p>";
  const rows = found.map(({ feature, auc, chance, isWarned }) => [
    feature,
    auc.value.toFixed(2),
    `${auc.low.toFixed(2)} to ${auc.high.toFixed(2)}`,
    chance.toFixed(2),
    isWarned ? "a network can learn this instead of the disease" : "",
  ]);
  const said = "<p>How well the label can be guessed from how a scan was taken, without its pixels: 0.5 is chance.</p>";
  return said + table(["guessed from", "AUC", "95 % interval", "chance reaches", ""], rows);
}

function tallySection(title: string, counts: Readonly<Record<string, number>>, total: number): string[] {
  const rows = Object.entries(counts).map(([word, count]) => [word, count, `${Math.round((100 * count) / total)} %`]);
  return rows.length === 0 ? [] : [section(title, table(["", "scans", "share"], rows))];
}

function section(title: string, body: string): string {
  return `<h2>${text(title)}</h2>${body}`;
}

function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number) =>
    typeof value === "number" ? `<td class="n">${value}</td>` : `<td>${text(value)}</td>`;
  const head = header.map((name) => `<th>${text(name)}</th>`).join("");
  return `<table><tr>${head}</tr>${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("")}</table>`;
}

function range([least, median, most]: Range): string {
  return `${least} to ${most}, median ${median}`;
}

/** Scanner names come from files: they are escaped. */
function text(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
