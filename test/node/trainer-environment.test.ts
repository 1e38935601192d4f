import { expect } from "chai";
import { openTrainerProcess } from "../../node/learner-process.ts";

describe("the environment of the trainer's process", () => {
  const secrets = ["CONSILIUM_KEYSTORE_PASSWORD", "CONSILIUM_RPC", "CONSILIUM_DEPLOYER_KEY", "SEPOLIA_RPC_URL"];

  before(() => {
    for (const name of secrets) process.env[name] = "secret";
  });
  after(() => {
    for (const name of secrets) delete process.env[name];
  });

  it("holds what a program needs, and none of the hospital's passwords, keys and addresses with credentials", async () => {
    const entry = new URL("./processes/environment-trainer.ts", import.meta.url);
    const trainer = openTrainerProcess({ entry });
    const answer = await trainer
      .learner({ shard: "none" })
      .shard()
      .catch((error) => error);
    await trainer.close();
    expect(answer).to.have.property("code", "UNEXPECTED");
    const names = String(answer.facts.names).split(" ");
    expect(names).to.include("PATH");
    for (const name of secrets) expect(names).not.to.include(name);
  });
});
