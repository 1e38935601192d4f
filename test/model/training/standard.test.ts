// The standard preset on synthetic patients, as the importer makes scans of them.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { importArchive } from "../../../imaging/import/import-archive.ts";
import { writeSyntheticArchive } from "../../../imaging/phantom/write-archive.ts";
import { openShard, type Shard } from "../../../imaging/shard/shard.ts";
import { createNetwork } from "../../../model/network/network.ts";
import { train } from "../../../model/training/train.ts";
import { defaultPlan } from "../../../protocol/format/default-plan.ts";

describe("the standard preset", () => {
  const plan = defaultPlan({ preset: "standard", slices: 2 });
  let dir: string;
  let shard: Shard;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-standard-"));
    const { height, width } = plan.model.input;
    const archive = { patients: 8, matrix: 128, slices: [4, 5] as const, seed: 5 };
    for await (const _ of writeSyntheticArchive(join(dir, "archive"), archive));
    // The key gives the patients their order: with a key made anew, each run would train otherwise.
    await writeFile(join(dir, "key"), `${"5a".repeat(32)}\n`, { mode: 0o600 });
    const asked = { keyFile: join(dir, "key"), shape: { height, width } };
    for await (const _ of importArchive(join(dir, "archive"), join(dir, "shard"), asked));
    shard = await openShard(join(dir, "shard"));
  });
  after(async () => {
    await shard.close();
    await rm(dir, { recursive: true, force: true });
  });

  const trained = async (localEpochs: number) => {
    const network = createNetwork(plan.model, plan.seed);
    const losses: number[] = [];
    // At less than half of the plan's rate: so few patients do not go astray then, whatever TensorFlow's number of threads.
    const optimiser = { ...plan.training.optimiser, learningRate: 0.002 };
    const options = { ...plan.training, optimiser, augmentation: false, localEpochs, seed: 3 };
    for await (const { loss } of train(network, shard, options)) losses.push(loss);
    const weights = network.getWeights();
    network.dispose();
    return { losses, weights };
  };

  it("learns synthetic patients, and comes to the same bits again", async () => {
    const { losses } = await trained(24);
    const median = (some: readonly number[]) => [...some].sort((x, y) => x - y)[some.length / 2]!;
    expect(median(losses.slice(-16))).to.be.below(median(losses.slice(0, 16)) / 4);
    const [first, again] = [await trained(2), await trained(2)];
    expect(again.losses).to.deep.equal(first.losses);
    expect(again.weights).to.deep.equal(first.weights);
  });
});
