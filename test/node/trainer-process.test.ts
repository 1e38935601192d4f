import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openTrainerProcess } from "../../node/learner-process.ts";
import { importInto, writeArchive } from "../imaging/import/synthetic.ts";

describe("the trainer's process", function () {
  this.timeout(60_000);

  it("reads the shard anew at the next round after an import has replaced it", async () => {
    const root = await mkdtemp(join(tmpdir(), "consilium-replaced-"));
    const [archive, dir] = [join(root, "archive"), join(root, "shard")];
    const trainer = openTrainerProcess();
    try {
      await importInto(await writeArchive(archive, { patients: 4 }), dir);
      const first = await trainer.learner({ shard: dir }).shard();
      expect(await trainer.learner({ shard: dir }).shard()).to.deep.equal(first);
      await rm(archive, { recursive: true });
      const { root: now, splits } = await importInto(await writeArchive(archive, { patients: 6 }), dir);
      const second = await trainer.learner({ shard: dir }).shard();
      expect([second.root, second.trainScans]).to.deep.equal([now, splits.train]);
      expect(second.root).to.not.equal(first.root);
    } finally {
      await trainer.close();
      await rm(root, { recursive: true, force: true });
    }
  });

  it("has TensorFlow loaded and answers soon after its start", async () => {
    const trainer = openTrainerProcess();
    const started = performance.now();
    const answer = await trainer
      .learner({ shard: join(tmpdir(), "consilium-no-such-shard") })
      .shard()
      .then(
        () => undefined,
        (error) => error,
      );
    const seconds = (performance.now() - started) / 1000;
    await trainer.close();
    expect(answer)
      .to.have.property("code")
      .that.does.not.match(/^LEARNER_/);
    // Below one second on an idle machine; the bound also holds on a busy one.
    expect(seconds).to.be.below(6);
  });
});
