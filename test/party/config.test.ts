import { expect } from "chai";
import { parseAggregatorConfig } from "../../aggregator/config.ts";
import { parseHospitalConfig } from "../../node/config.ts";

const shared = {
  federation: { chainId: 1, contract: `0x${"AB".repeat(20)}`, fromBlock: 3 },
  chain: { endpoints: ["http://127.0.0.1:8545"] },
  keys: { keystore: "keystore.json", peerKey: "/keys/peer" },
  store: "store",
};
const place = { baseDir: "/site" };

describe("a party's configuration", () => {
  it("takes relative paths from the place of its file, and fills in the defaults", () => {
    const config = parseHospitalConfig({ ...shared, shard: "shard" }, place);
    expect([config.shard, config.store, config.keys.keystore, config.keys.peerKey]).to.deep.equal([
      "/site/shard",
      "/site/store",
      "/site/keystore.json",
      "/keys/peer",
    ]);
    expect(config.federation.contract).to.equal(`0x${"ab".repeat(20)}`);
    expect(config.chain.confirmations).to.equal(0);
    const { plan, genesis } = parseAggregatorConfig({ ...shared, plan: "plan.json", genesis: "first" }, place);
    expect([plan, genesis]).to.deep.equal(["/site/plan.json", "/site/first"]);
  });

  it("takes the whole content of a federation file", () => {
    const federation = {
      version: 1,
      ...shared.federation,
      codeDigest: `0x${"1".repeat(64)}`,
      abiDigest: `0x${"2".repeat(64)}`,
      predecessor: null,
    };
    const config = parseHospitalConfig({ ...shared, federation, shard: "shard" }, place);
    const { chainId, fromBlock, codeDigest } = federation;
    expect(config.federation).to.deep.equal({ chainId, contract: `0x${"ab".repeat(20)}`, fromBlock, codeDigest });
  });

  it("lets a hospital be relayed, but no aggregator, which needs gas", () => {
    const chain = { ...shared.chain, relayed: true, relayGasPerRound: 0 };
    expect(parseHospitalConfig({ ...shared, chain, shard: "s" }, place).chain).to.deep.include(chain);
    const unchanged = parseHospitalConfig({ ...shared, shard: "s" }, place).chain;
    expect(unchanged).to.deep.include({ relayed: false, relayGasPerRound: 3_000_000 });
    expect(() => parseAggregatorConfig({ ...shared, chain, plan: "p", genesis: "g" }, place))
      .to.throw()
      .that.deep.includes({ code: "CONFIG_INVALID", facts: { field: "chain.relayed" } });
  });

  for (const [what, raw, field] of [
    ["an unknown field", { ...shared, shard: "s", stroe: "x" }, "(root)"],
    ["an endpoint that is no address", { ...shared, shard: "s", chain: { endpoints: ["here"] } }, "chain.endpoints.0"],
    [
      "a WebSocket endpoint",
      { ...shared, shard: "s", chain: { endpoints: ["ws://127.0.0.1:8546"] } },
      "chain.endpoints.0",
    ],
    [
      "gas that is less than none",
      { ...shared, shard: "s", chain: { ...shared.chain, relayGasPerRound: -1 } },
      "chain.relayGasPerRound",
    ],
    ["a missing shard", shared, "shard"],
  ] as const) {
    it(`names the field of ${what}`, () => {
      expect(() => parseHospitalConfig(raw, place))
        .to.throw()
        .that.deep.includes({ code: "CONFIG_INVALID" })
        .with.nested.property("facts.field", field);
    });
  }
});
