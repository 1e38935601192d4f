import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openTrainerProcess } from "../../node/learner-process.ts";

describe("the trainer's process", function () {
  this.timeout(20_000);

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
