import { expect } from "chai";
import { RoundClock, type SimulationEvent } from "../../../scripts/simulate/round-clock.ts";

const model = `0x${"aa".repeat(32)}`;
const [first, second, boss] = ["01", "02", "0a"].map((byte) => `0x${byte.repeat(20)}`);

describe("the clock of a simulation's rounds", () => {
  let now = 0;
  let clock: RoundClock;
  const tell = (atSeconds: number, event: object) => {
    now = atSeconds * 1000;
    clock.hear(event as SimulationEvent);
  };
  beforeEach(() => {
    clock = new RoundClock(2, () => now);
  });

  const playRound = () => {
    tell(1, { hospital: first, event: "round-opened", round: 1 });
    tell(2, { hospital: second, event: "round-opened", round: 1 });
    tell(5, { hospital: first, event: "trained", round: 1, updateBytes: 100 });
    tell(6, { hospital: first, event: "committed", round: 1 });
    tell(8, { hospital: second, event: "trained", round: 1, updateBytes: 100 });
    tell(9, { hospital: second, event: "committed", round: 1 });
    tell(10, { hospital: first, event: "adopted", round: 1, model });
    tell(11, { hospital: second, event: "adopted", round: 1, model });
  };

  it("distinguishes training from everything else", () => {
    playRound();
    expect(clock.times()).to.deep.equal([{ round: 1, trainingSeconds: 8, overheadSeconds: 2, updateBytes: 200 }]);
  });

  it("is finished when the last model is final and every hospital has it", () => {
    tell(0, { aggregator: boss, event: "finished", rounds: 1, model });
    expect(clock.isFinished).to.equal(false);
    playRound();
    expect(clock.isFinished).to.equal(true);
  });

  it("counts what hospitals had adopted before they were started again", () => {
    tell(0, { aggregator: boss, event: "finished", rounds: 1, model });
    tell(1, { hospital: first, event: "ready", adopted: model });
    expect(clock.isFinished).to.equal(false);
    tell(2, { hospital: second, event: "ready", adopted: model });
    expect(clock.isFinished).to.equal(true);
    expect(clock.times()).to.deep.equal([]);
  });
});
