import { expect } from "chai";
import type { TrainingSet } from "../../../model/training/training-set.ts";
import { resizedSet, subset } from "../../../study/cross-validate/resized-set.ts";

const set = (height: number, width: number, pixels: readonly number[], channels = 1): TrainingSet => ({
  scans: [{ patient: "a", label: 1, slices: pixels.length / (height * width * channels) }],
  ...{ height, width, channels },
  read: () => Uint8Array.from(pixels),
});

describe("scans on fewer pixels", () => {
  it("are the means of what each new pixel covers, with the shares of those it covers in part", () => {
    const halved = resizedSet(set(2, 4, [0, 10, 20, 30, 40, 50, 60, 70]), 2);
    expect([halved.height, halved.width]).to.deep.equal([2, 2]);
    expect([...halved.read(0)]).to.deep.equal([5, 25, 45, 65]);
    const uneven = resizedSet(set(3, 3, [0, 0, 0, 90, 90, 90, 180, 180, 180]), 2);
    expect([...uneven.read(0)]).to.deep.equal([30, 30, 150, 150]);
  });

  it("keep slices and channels apart", () => {
    const pixels = [0, 100, 0, 100, 0, 100, 0, 100, 50, 200, 50, 200, 50, 200, 50, 200];
    expect([...resizedSet(set(2, 2, pixels, 2), 1).read(0)]).to.deep.equal([0, 100, 50, 200]);
  });

  it("stay as they are where there are no more pixels than asked for", () => {
    const small = set(2, 2, [1, 2, 3, 4]);
    expect(resizedSet(small, 8)).to.equal(small);
  });
});

describe("a part of a set", () => {
  it("has the scans of its patients, each with its own pixels", () => {
    const all: TrainingSet = {
      scans: ["a", "b", "a", "c"].map((patient) => ({ patient, label: 0, slices: 1 })),
      ...{ height: 1, width: 1, channels: 1 },
      read: (index) => Uint8Array.of(index),
    };
    const part = subset(all, (patient) => patient !== "a");
    expect(part.scans.map(({ patient }) => patient)).to.deep.equal(["b", "c"]);
    expect([part.read(0)[0], part.read(1)[0]]).to.deep.equal([1, 3]);
  });
});
