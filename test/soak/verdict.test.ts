import { expect } from "chai";
import { processFigures } from "./process-figures.ts";
import { trendOf } from "./verdict.ts";

const limits = { factor: 1.1, amount: 5 };
const leaking = Array.from({ length: 100 }, (_, at) => 100 + at);

describe("the verdict of a long run", () => {
  it("is flat where a figure moves to and fro, or grows at the start only", () => {
    expect(
      trendOf(
        leaking.map((_, at) => 100 + (at % 7)),
        limits,
      ).flat,
    ).to.equal(true);
    expect(
      trendOf(
        leaking.map((_, at) => Math.min(100, 10 * at)),
        limits,
      ).flat,
    ).to.equal(true);
  });

  it("is not flat where a figure grows to the end", () => {
    expect(trendOf(leaking, limits)).to.deep.include({ flat: false });
  });

  it("allows small amounts that are a large factor", () => {
    expect(trendOf([...Array(50).fill(20), ...Array(50).fill(24)], limits).flat).to.equal(true);
  });
});

describe("a process's figures", () => {
  it("count memory, handles and threads; none for a process that has ended", async function () {
    if (process.platform !== "linux") this.skip();
    const own = await processFigures(process.pid);
    expect(own?.residentBytes).to.be.above(2 ** 20);
    expect(own?.handles).to.be.above(2);
    expect(own?.threads).to.be.above(0);
    expect(await processFigures(2 ** 30)).to.equal(undefined);
  });
});
