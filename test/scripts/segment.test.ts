// What `consilium segment` and `consilium baselines` refuse of the files that they are given, and a whole small run.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Command } from "commander";
import { importArchive } from "../../imaging/import/import-archive.ts";
import { writeSyntheticArchive } from "../../imaging/phantom/write-archive.ts";
import type { WindowName } from "../../imaging/volume/intensity.ts";
import { genesisWeights } from "../../model/training/trainer.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import { decodeSafetensors } from "../../protocol/format/safetensors.ts";
import { baselinesCommand } from "../../scripts/baselines.ts";
import { segmentCommand } from "../../scripts/segment.ts";
import { printedBy } from "./printed-by.ts";

describe("the segmentation's command", () => {
  let dir: string;
  const at = (name: string) => join(dir, name);
  const define = (program: Command) => {
    for (const add of [segmentCommand, baselinesCommand]) add(program);
  };
  const run = (...args: string[]) => printedBy(define, args);
  const codeOf = (...args: string[]) =>
    run(...args).then(
      () => undefined,
      ({ code }: { code: string }) => code,
    );

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-segment-"));
    for await (const _ of writeSyntheticArchive(at("archive"), { patients: 8, matrix: 64, slices: [4, 5], seed: 5 }));
    const imported = async (name: string, windows: WindowName[]) => {
      const asked = { keyFile: at("key"), shape: { height: 32, width: 32, windows } };
      for await (const _ of importArchive(at("archive"), at(name), asked));
    };
    await imported("shard", ["lung", "mediastinum"]);
    await imported("other", ["mediastinum", "lung"]);
    await writeFile(at("genesis.safetensors"), genesisWeights(defaultPlan()));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it("teaches, scores on patients held out, and draws a shard's masks by the weights it wrote", async () => {
    const small = ["--steps", "2", "--patients", "20", "--side", "32", "--slices", "3"];
    const taught = JSON.parse(await run("segment", ...small, "--out", at("segcaps.safetensors"), "--json"));
    expect(taught.network.lungPatients).to.equal(6);
    // The mean of the differences, whose interval is that of the same patients' pairs.
    expect(taught.gain.value).to.be.closeTo(taught.network.lesion.value - taught.plain.lesion.value, 1e-12);
    expect(taught.gain.low).to.be.below(taught.gain.value);
    const again = ["segment", ...small, "--weights", at("segcaps.safetensors"), "--shard", at("shard")];
    const drawn = JSON.parse(await run(...again, "--masks", at("masks.safetensors"), "--json"));
    expect(drawn.network).to.deep.equal(taught.network); // the same weights on the same patients
    expect(drawn.masked).to.equal(8);
    const { tensors } = decodeSafetensors(await readFile(at("masks.safetensors")));
    expect(tensors.map(({ shape }) => shape.slice(1))).to.deep.equal(tensors.map(() => [32, 32]));
  });

  it("refuses a shard whose first window is not the lung's, also as a help for the baselines", async () => {
    const weights = at("segcaps.safetensors");
    const small = ["--patients", "20", "--side", "32", "--slices", "3", "--weights", weights];
    expect(await codeOf("segment", ...small, "--shard", at("other"))).to.equal("SEGMENT_WINDOW");
    const masked = ["baselines", "--networks", "capsules", "--segmenter", weights];
    expect(await codeOf(...masked, "--shard", at("other"))).to.equal("SEGMENT_WINDOW");
  });

  it("names a file of weights that is not there, and one of something else", async () => {
    expect(await codeOf("segment", "--weights", at("nothing"))).to.equal("FILE_UNREADABLE");
    expect(await codeOf("segment", "--weights", at("genesis.safetensors"))).to.equal("SEGMENT_WEIGHTS");
    expect(await codeOf("baselines", "--networks", "vgg16", "--weights", `vgg16=${at("nothing")}`)).to.equal(
      "FILE_UNREADABLE",
    );
  });
});
