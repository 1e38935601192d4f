// Tables as text and as Markdown.
import Table from "cli-table3";
import pc from "picocolors";

/** Rows under a header. Columns of numbers are aligned right, except for the first. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const text = new Table({
    head: header.map((cell) => pc.bold(cell)),
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 2 },
    chars: {
      top: "",
      "top-mid": "",
      "top-left": "",
      "top-right": "",
      bottom: "",
      "bottom-mid": "",
      "bottom-left": "",
      "bottom-right": "",
      left: "  ",
      "left-mid": "",
      mid: "",
      "mid-mid": "",
      right: "",
      "right-mid": "",
      middle: "",
    },
    colAligns: header.map((_, column) =>
      column > 0 && rows.every((row) => /^[-\d.,%\s[\]–±]*$/.test(String(row[column]))) ? "right" : "left",
    ),
  });
  for (const row of rows) text.push(row.map(String));
  return text.toString();
}

/** The same for a page in Markdown. */
export function markdownTable(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [line(header), `|${"---|".repeat(header.length)}`, ...rows.map(line)].join("\n");
}
