import { expect } from "chai";
import { parseSettings } from "../../../scripts/simulate/settings.ts";

describe("a simulation's settings", () => {
  it("give every hospital patients, also where there are a hundred hospitals", () => {
    expect(parseSettings({}).patients).to.equal(96);
    expect(parseSettings({ hospitals: "100" }).patients).to.equal(600);
    expect(parseSettings({ hospitals: "100", patients: "200" }).patients).to.equal(200);
  });

  it("are the same when they are read again from a run", () => {
    const settings = parseSettings({ hospitals: "20", rounds: "2" });
    expect(parseSettings(JSON.parse(JSON.stringify(settings)))).to.deep.equal(settings);
  });
});
