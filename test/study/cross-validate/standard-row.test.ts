// The row of the larger network: compact's training with another network, and no training twice.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { askedPlan, fittedPlan } from "../../../scripts/cross-validate/capsule-plan.ts";
import { parseCrossOptions } from "../../../scripts/cross-validate/options.ts";
import { chosenMethods } from "../../../study/cross-validate/methods.ts";
import { type CrossRow, crossValidate } from "../../../study/cross-validate/run.ts";
import { smallScans, smallSpec } from "../../model/small-scans.ts";

describe("the row of the standard preset", () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-standard-row-"));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const set = smallScans(28, 1, { ...smallSpec.input, height: 48, width: 48 });
  const options = (rows: string, changes: Record<string, unknown> = {}) =>
    parseCrossOptions({
      ...{ shard: "./shard", out: "./out", rows, folds: 2, seed: 3, hospitals: 2, partition: "equal", trainings: 1 },
      ...{ stop: "last", cnnSide: 32, cnnEpochs: 1, slices: 2, rounds: 1, localEpochs: 1 },
      ...changes,
    });
  const run = async (rows: string, changes: Record<string, unknown> = {}) => {
    const asked = options(rows, changes);
    const methods = chosenMethods(asked, fittedPlan(await askedPlan(asked), set), set, []);
    const found: CrossRow[] = [];
    const started = new Set<string>();
    const about = { folds: 2, seed: 3, shuffleLabels: false, dir, data: "small scans" };
    for await (const event of crossValidate(set, methods, about, { signal: new AbortController().signal })) {
      if (event.kind === "row") found.push(event.row);
      else started.add(`${event.row} ${event.fold}`);
    }
    return { rows: found, started: [...started] };
  };

  it("stands beside compact, of the pixels that it takes and the scans have", async () => {
    const { rows, started } = await run("compact,standard", { side: 32 });
    expect(rows.map(({ name, title, parameters }) => [name, title, parameters])).to.deep.equal([
      ["compact", "compact capsules, 32 px, pooled", 18_180],
      ["standard", "standard capsules, 48 px, pooled", 80_388],
    ]);
    expect(started).to.deep.equal(["compact 1", "compact 2", "standard 1", "standard 2"]);
    const [compact, standard] = rows.map(({ heldOut }) => heldOut.flat().map(({ patient }) => patient));
    expect(standard).to.deep.equal(compact);
  });

  it("has the folds of compact by a plan of that preset, which are not trained again", async () => {
    const { rows } = await run("standard", { side: 32 });
    const again = await run("compact", { preset: "standard" });
    expect(again.started).to.deep.equal([]);
    expect(again.rows.map(({ digest }) => digest)).to.deep.equal(rows.map(({ digest }) => digest));
  });

  it("is refused beside a first model, which is of one network", () => {
    expect(() => options("compact,standard", { firstModel: "model.safetensors" }))
      .to.throw()
      .with.property("code", "OPTION_INVALID");
  });
});
