import { expect } from "chai";
import { explain } from "../../../model/network/explain.ts";
import { createNetwork } from "../../../model/network/network.ts";
import { tf } from "../../../model/tensorflow/tensorflow.ts";
import { evaluate } from "../../../model/training/evaluate.ts";
import { train } from "../../../model/training/train.ts";
import { smallScans, smallSpec, smallTraining } from "../small-scans.ts";

describe("the explanation of a score", () => {
  it("gives evaluate's score and lets the slices with the finding weigh most", async () => {
    const data = smallScans(8);
    // A scan whose only finding is on its third slice of four.
    const { height, width } = smallSpec.input;
    const pixels = new Uint8Array(4 * height * width).fill(90);
    for (let y = 8; y < 16; y++) pixels.fill(200, (2 * height + y) * width + 8, (2 * height + y) * width + 16);
    const one = { ...data, scans: [{ patient: "one", label: 1 as const, slices: 4 }], read: () => pixels };
    const network = createNetwork(smallSpec, 7);
    for await (const _ of train(network, data, { ...smallTraining, localEpochs: 60, seed: 3 }));
    const before = tf.memory().numTensors;
    const { score, votes } = explain(network, one, 0);
    expect(tf.memory().numTensors).to.equal(before);
    expect(score).to.be.closeTo((await evaluate(network, one))[0]?.score as number, 1e-6);
    expect(votes.map(({ slice }) => slice)).to.deep.equal([0, 1, 2, 3]);
    const heaviest = votes.reduce((best, vote) => (vote.weight > best.weight ? vote : best));
    expect(heaviest.slice).to.equal(2);
    for (const { coupling } of votes) expect(coupling).to.be.within(0, 1);
    network.dispose();
  });
});
