import { expect } from "chai";
import { addressOf } from "../../fakes/federation.ts";
import { commitmentOf, replaceObject } from "./doctor.ts";
import { audit, copyOf, eventOf, type Finished, finish } from "./finished-federation.ts";

const hospital = addressOf(1);

/** Bytes with a field of their JSON replaced by text that is JSON, but not canonical JSON. */
function withText(bytes: Uint8Array, field: string, value: string): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const changed = text.replace(new RegExp(`"${field}":("[^"]*"|[^,}\\[]+|\\[.*?\\])(?=[,}])`), `"${field}":${value}`);
  expect(changed).not.to.equal(text);
  return new TextEncoder().encode(changed);
}

describe("an audit of objects that JSON parsers read and canonical JSON cannot hold", () => {
  let honest: Finished;
  let copy: Finished;

  before(async () => {
    honest = await finish({ plan: { reports: ["finalLoss", "seconds"] } });
  });
  beforeEach(() => {
    copy = copyOf(honest);
  });

  const poisons = [
    ["finalLoss", "1e400"],
    ["seconds", "1e400"],
    ["software", '"\\ud800"'],
    ["software", '{"toJSON":1}'],
    ["finalLoss", `${"[".repeat(2000)}${"]".repeat(2000)}`],
  ] as const;
  for (const [field, value] of poisons) {
    it(`ends with a verdict and names the hospital of a manifest with ${field} ${value.slice(0, 20)}`, async () => {
      const { manifest } = commitmentOf(copy, 1, hospital);
      await replaceObject(copy, manifest, (bytes) => withText(bytes, field, value));
      const report = await audit(copy);
      expect(report.verdict).to.equal("broken");
      expect(report.first).to.include({ code: "INVALID_INCLUDED", round: 1, hospital, object: "manifest" });
      expect(report.first?.text).to.match(/MANIFEST_(MALFORMED|NOT_CANONICAL)/);
      expect(report.rounds.find(({ round }) => round === 2)?.hospitals).to.have.length.above(0);
    });
  }

  it("ends with a verdict for a poisoned plan and for poisoned scores", async () => {
    const { plan } = eventOf(copy, "round-opened");
    await replaceObject(copy, plan, (bytes) => withText(bytes, "proximalMu", "1e400"));
    expect((await audit(copy)).first).to.include({ code: "PLAN_MALFORMED", object: "plan" });

    const other = copyOf(honest);
    const { scores } = eventOf(other, "attested");
    await replaceObject(other, scores, (bytes) => withText(bytes, "version", "1e400"));
    const report = await audit(other);
    expect(report.rounds.flatMap(({ findings }) => findings.map(({ code }) => code))).to.include("SCORES_MALFORMED");
  });
});
