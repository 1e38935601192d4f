import { expect } from "chai";
import { reproduceUpdate } from "../../protocol/audit/reproduce.ts";
import type { RoundId } from "../../protocol/format/digest.ts";
import { decodeSafetensors } from "../../protocol/format/safetensors.ts";
import type { Learner } from "../../protocol/learner.ts";
import { killAt } from "../fakes/crash.ts";
import { FakeFederation, type Site } from "../fakes/federation.ts";
import { FakeLearner } from "../fakes/learner.ts";

const strategy = {
  name: "scaffold",
  maxSharePermille: 1000,
  maxStaleness: 0,
  serverLearningRate: 1,
  controlClipNorm: 8,
} as const;

/** A federation of SCAFFOLD for three rounds, whose first hospital may be killed once and restarted. */
async function finished(point?: { readonly when: "before" | "after"; readonly count: number }) {
  const federation = await FakeFederation.create({ hospitals: 3, plan: { rounds: 3, strategy } });
  const site = federation.hospitals[0]!;
  let died = false;
  if (point) {
    site.onCall = killAt({ call: "journal.write", ...point }, () => {
      if (died) return;
      died = true;
      federation.kill(site);
      federation.time.at(federation.time.now() + 3000, () => federation.startHospital(site));
    });
  }
  federation.start();
  const adopted = ({ journal }: Site) => {
    const note = journal.entries.get("adopted");
    return note && (JSON.parse(new TextDecoder().decode(note)) as { round: number }).round === 3;
  };
  await federation.runUntil(() => federation.hospitals.every(adopted), { withinSeconds: 4000 });
  return { federation, site, died };
}

const floats = (file: Uint8Array, prefix: string) =>
  decodeSafetensors(file)
    .tensors.filter(({ name }) => name.startsWith(prefix))
    .flatMap(({ data }) => [...data]);

describe("a federation of SCAFFOLD", () => {
  it("trains on, and its model holds the mean of the hospitals' control variates", async () => {
    const { federation } = await finished();
    const last = federation.finals.at(-1)!;
    const model = federation.hospitals[0]!.store.blobs.get(last)!;
    const server = floats(model, "server/control/");
    const own = federation.hospitals.map(({ journal }) => floats(journal.entries.get("residual")!, "control/"));
    const scans = own.map((_, index) => 10 + index); // as the fakes have them
    expect(server).to.have.length(45);
    for (const [place, value] of server.entries()) {
      const sum = own.reduce((all, variate, index) => all + scans[index]! * variate[place]!, 0);
      expect(value).to.be.closeTo(sum / scans.reduce((all, each) => all + each), 1e-5);
    }
    expect(Math.max(...server.map(Math.abs))).to.be.above(0.001);
  });

  it("comes to the same models when a hospital is killed at any write to its journal", async () => {
    const undisturbed = (await finished()).federation.finals;
    let kills = 0;
    for (const when of ["before", "after"] as const) {
      for (let count = 1; count <= 12; count++) {
        const { federation, died } = await finished({ when, count });
        if (!died) continue;
        kills++;
        expect(federation.finals, `killed ${when} write ${count}`).to.deep.equal(undisturbed);
      }
    }
    expect(kills).to.be.at.least(16);
  });

  it("can be reproduced: the update of a later round comes out of the variates of those before", async () => {
    const { federation, site } = await finished();
    const clock = { now: () => 0, sleep: async () => {} };
    const learner: Learner = new FakeLearner({ clock, trainScans: 10 });
    const ports = { ledger: federation.chain.ledger(undefined), blobs: site.store, learner };
    const subject = { keys: [site.address], round: 3 as RoundId };
    const same: boolean[] = [];
    for await (const each of reproduceUpdate(ports, subject, { maxModelBytes: 1 << 20 })) same.push(each.same);
    expect(same).to.deep.equal([true, true, true]);
  });
});
