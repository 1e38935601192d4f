import { readFileSync } from "node:fs";
import { expect } from "chai";
import { type GasReport, measureGas } from "../../bench/gas/measure.ts";

describe("the gas of large federations", () => {
  it("is what the committed snapshot says, up to 256 hospitals", async () => {
    const path = new URL("../contracts/snapshots/gas.json", import.meta.url);
    const snapshot = JSON.parse(readFileSync(path, "utf8")) as GasReport;
    expect(await measureGas(Object.keys(snapshot.rounds).map(Number))).to.deep.equal(snapshot);
  });
});
