import { expect } from "chai";
import { classActivation } from "../../../model/network/class-activation.ts";
import { createNetwork } from "../../../model/network/network.ts";
import { tf } from "../../../model/tensorflow/tensorflow.ts";
import { train } from "../../../model/training/train.ts";
import type { ModelSpec } from "../../../protocol/format/model-spec.ts";
import { smallScans, smallSpec, smallTraining } from "../small-scans.ts";

describe("the activation of a class", () => {
  const { height, width } = smallSpec.input;
  /** Four slices of noise-free lung; only the third has a spot, its upper left corner at these pixels. */
  const withSpotAt = (top: number, left: number) => {
    const pixels = new Uint8Array(4 * height * width).fill(90);
    for (let y = top; y < top + 8; y++)
      pixels.fill(200, (2 * height + y) * width + left, (2 * height + y) * width + left + 8);
    return {
      ...{ scans: [{ patient: "one", label: 1 as const, slices: 4 }], height, width, channels: 1 },
      read: () => pixels,
    };
  };

  for (const mirror of [false, true]) {
    it(`is highest on the finding, wherever it is (mirror ${mirror})`, async () => {
      const spec: ModelSpec = { ...smallSpec, ...(mirror && { mirror }) };
      const network = createNetwork(spec, 7);
      for await (const _ of train(network, smallScans(8), { ...smallTraining, localEpochs: 60, seed: 3 }));
      const before = tf.memory().numTensors;
      for (const [top, left] of [
        [4, 20],
        [18, 6],
      ] as const) {
        const { rows, columns, values } = classActivation(network, withSpotAt(top, left), 0);
        expect(values).to.have.length(4 * rows * columns);
        expect(Math.max(...values)).to.be.closeTo(1, 1e-6);
        expect(Math.min(...values)).to.be.at.least(0);
        const highest = values.indexOf(Math.max(...values));
        expect(Math.floor(highest / (rows * columns))).to.equal(2);
        const [y, x] = [Math.floor((highest % (rows * columns)) / columns), highest % columns];
        // The middle of the map's cell, in pixels: on the spot, or within a cell of it.
        const [cellHeight, cellWidth] = [height / rows, width / columns];
        expect((y + 0.5) * cellHeight).to.be.within(top - cellHeight, top + 8 + cellHeight);
        expect((x + 0.5) * cellWidth).to.be.within(left - cellWidth, left + 8 + cellWidth);
      }
      expect(tf.memory().numTensors).to.equal(before);
      network.dispose();
    });
  }
});
