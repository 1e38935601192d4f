// A single scan without a label cannot be learned from, but it can be looked at: its planes as a picture.
import pc from "picocolors";
import { type OneScan, readOneScan } from "../../imaging/import/read-one-scan.ts";
import { planesPng } from "../../imaging/view/planes.ts";
import { table } from "../terminal/table.ts";
import { writeOutput } from "../terminal/write-output.ts";

export interface Look {
  readonly picture: string;
  readonly facts: OneScan["facts"];
  readonly files: number;
  readonly passedOver: number;
}

export async function lookAtScan(source: string, picture: string, password: string | undefined): Promise<Look> {
  const { volume, facts, files, passedOver } = await readOneScan(source, { password });
  await writeOutput(picture, planesPng(volume));
  return { picture, facts, files, passedOver };
}

export function lookReport({ picture, facts, files, passedOver }: Look): string {
  const rows: (readonly [string, string | number])[] = [
    ["slices", `${facts.storedSlices} of ${facts.rows} x ${facts.columns}, from the feet to the head`],
    ["slice distance mm", facts.spacingMm],
    ["pixel mm", facts.pixelMm],
    ["scanner", `${facts.manufacturer} ${facts.model}`],
    ["kernel", facts.kernel],
    ["position", facts.position],
    ["files", `${files}, of which ${passedOver} are no part of it`],
    ...facts.warnings.map((code) => ["note", code] as const),
  ];
  return [
    table(["one scan", ""], rows),
    "",
    `${pc.yellow("note")} the scan has no label, so no shard was written: sort scans into folders positive and negative,`,
    "     give --labels FILE.csv, or --label positive or negative",
    `planes    ${picture}`,
  ].join("\n");
}
