// A hospital that is killed during its training, with TensorFlow, a chain and a network: it continues from its checkpoint.
import { expect } from "chai";
import { type Event, RealFederation } from "./real-federation.ts";

describe("a hospital killed in the middle of its training", function () {
  this.timeout(300_000);

  it("continues from its last step and makes the same models", async () => {
    const options = { hospitals: 2, rounds: 1, trains: true };
    let federation = await RealFederation.found(options);
    const models = async (during: () => Promise<void>) => {
      try {
        await federation.start();
        await during();
        await federation.untilAdopted(1);
        return await federation.models();
      } finally {
        await federation.stop();
      }
    };
    const honest = await models(async () => {});

    federation = await RealFederation.found(options);
    const [first] = federation.hospitals;
    const steps = (events: readonly Event[]) =>
      events
        .filter((each) => each.event === "training" && each["hospital"] === first?.address)
        .map((each) => each["step"] as number);
    const killed = await models(async () => {
      await federation.until(() => steps(federation.events).includes(15));
      await federation.kill(first?.name as string);
      const before = federation.events.length;
      await federation.startParty(first?.name as string);
      await federation.until(() => steps(federation.events.slice(before)).length > 0);
      expect(steps(federation.events.slice(before))[0]).to.be.above(10);
      expect(await federation.log(first?.name as string)).to.include("training-resumed");
    });
    expect(killed).to.deep.equal(honest);
    expect(honest[0]).to.be.a("string");
  });
});
