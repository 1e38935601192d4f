// The hospital's side of the trainer process, with small programs in the trainer's place.
import { setImmediate } from "node:timers/promises";
import { expect } from "chai";
import { openTrainerProcess } from "../../node/learner-process.ts";
import { request } from "./small-training.ts";

describe("a hospital's trainer process", function () {
  this.timeout(20_000);

  it("ends a training that is aborted, then does the next job, and takes none once it is closed", async () => {
    const trainer = openTrainerProcess({ entry: new URL("./processes/waiting-trainer.ts", import.meta.url) });
    const learner = trainer.learner({ shard: "none" });
    const stop = new AbortController();
    const training = learner.train(request, { signal: stop.signal, onProgress: () => stop.abort() });
    expect(await training.catch((error) => error.code)).to.equal("ABORTED");
    expect((await learner.shard()).trainScans).to.equal(8);
    await trainer.close();
    expect(await learner.shard().catch((error) => error.code)).to.equal("LEARNER_CLOSED");
  });

  it("is ended and replaced when it is silent for too long during a job", async () => {
    const children = () => process.getActiveResourcesInfo().filter((name) => name === "ProcessWrap").length;
    const before = children();
    const entry = new URL("./processes/silent-trainer.ts", import.meta.url);
    const trainer = openTrainerProcess({ entry, silenceMs: 50 });
    const learner = trainer.learner({ shard: "none" });
    for (const attempt of [1, 2]) {
      const code = await learner.shard().catch((error) => error.code);
      expect(code, `attempt ${attempt}`).to.equal("LEARNER_HUNG");
      while (children() > before) await setImmediate();
    }
    await trainer.close();
  });
});
