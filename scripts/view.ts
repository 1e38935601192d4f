// `consilium view`: draws one scan, to check its HU values, the order of its slices and the position of the lungs.
import { join, resolve } from "node:path";
import type { Command } from "commander";
import pc from "picocolors";
import { readOneScan } from "../imaging/import/read-one-scan.ts";
import { planesPng } from "../imaging/view/planes.ts";
import { projectionPng, surfacePng } from "../imaging/view/render.ts";
import { tissuesPng } from "../imaging/view/tissues.ts";
import { shownAs } from "../imaging/volume/hu-table.ts";
import { lungMask } from "../imaging/volume/lungs.ts";
import { makeOutputFolder, writeOutput } from "./terminal/write-output.ts";
import { addZipPassword, withZipPassword, type ZipPasswordOptions } from "./terminal/zip-password.ts";

interface ViewOptions extends ZipPasswordOptions {
  readonly out: string;
  readonly turn: string;
  readonly json?: boolean;
}

/** Adds the command to the program. */
export function viewCommand(program: Command): void {
  const command = program
    .command("view")
    .description("Draw a CT series: its three planes, lung and bone by Hounsfield units, and 3-D renderings, as PNG.")
    .argument("<dir>", "folder or zip with the DICOM files of a scan, in any encoding")
    .option("--out <dir>", "folder for the pictures", "view")
    .option("--turn <degrees>", "turn of the 3-D renderings: 0 from the front, 90 from the patient's left", "20")
    .option("--json", "print what was found as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  consilium view ./archive/positive/patient1\n  consilium view ./scan --out ./pictures --turn 60",
    )
    .action(async (dir: string, { out, turn, json, ...secret }: ViewOptions) => {
      const { volume, passedOver } = await withZipPassword(secret, (password) =>
        readOneScan(resolve(dir), { password }),
      );
      const hu = Int16Array.from(volume.hu);
      const lungs = lungMask(hu, volume);
      const azimuthDegrees = Number(turn) || 0;
      const pictures: readonly (readonly [name: string, draw: () => Buffer])[] = [
        ["planes", () => planesPng(volume)],
        ["tissues", () => tissuesPng(volume)],
        ["projection", () => projectionPng(volume, { azimuthDegrees })],
        ["bone", () => surfacePng(volume, { azimuthDegrees, range: shownAs.bone })],
        [
          "lungs",
          () =>
            surfacePng(volume, {
              azimuthDegrees,
              range: { low: -1024, high: 3071 },
              masked: lungs.mask,
              colour: [240, 170, 160],
            }),
        ],
      ];
      await makeOutputFolder(out);
      const files: string[] = [];
      for (const [name, draw] of pictures) {
        const path = join(out, `${name}.png`);
        await writeOutput(path, draw());
        files.push(path);
      }
      const { slices, rows, columns, spacingMm } = volume;
      const found = {
        slices,
        rows,
        columns,
        spacingMm,
        passedOver,
        lungMl: Math.round(lungs.volumeMl),
        plausible: lungs.plausible,
        reason: lungs.reason,
        files,
      };
      if (json) console.log(JSON.stringify(found));
      else {
        console.log(
          `${slices} slices of ${rows} x ${columns}, voxel ${spacingMm.map((mm) => mm.toFixed(2)).join(" x ")} mm; ${passedOver} files passed over`,
        );
        console.log(
          `lungs ${found.lungMl} ml: ${lungs.plausible ? pc.green("plausible") : pc.yellow(`not plausible, ${lungs.reason}`)}`,
        );
        for (const path of files) console.log(`  ${path}`);
      }
    });
  addZipPassword(command);
}
