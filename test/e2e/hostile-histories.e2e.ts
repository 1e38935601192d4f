// Hundreds of drawn histories of the real contract, and some that the chain replaces while an audit reads them over RPC.
import { expect } from "chai";
import { openLedger } from "../../io/chain/ledger.ts";
import type { AuditReport } from "../../protocol/audit/report.ts";
import { type Chain, connectChain } from "../contracts/federation.ts";
import { holdHistories } from "../contracts/histories/hold.ts";
import { auditPlayed } from "../contracts/histories/hold-against-truth.ts";
import type { PlayedHistory } from "../contracts/histories/played.ts";
import { type RpcProxy, startProxy, Trouble } from "../io/chain/proxy.ts";

describe("audits of hundreds of histories of the real contract", function () {
  this.timeout(900_000);
  let chain: Chain;
  let endpoint: RpcProxy;

  before(async () => {
    chain = await connectChain();
    endpoint = await startProxy("");
    endpoint.rule = async ({ method, params }) => {
      try {
        return await chain.provider.request({ method, params });
      } catch (error) {
        return new Trouble("error", -32000, (error as Error).message);
      }
    };
  });
  after(async () => {
    await endpoint?.stop();
    await chain?.close();
  });

  it("call no honest history broken", async () => {
    const { verdicts, seen } = await holdHistories(chain, { honesty: 100, seed: 16, numRuns: 200 });
    expect([...verdicts.keys()]).to.have.members(["verified", "empty"]);
    for (const each of ["rotateKey taken", "revoke taken", "branch reorganised away", "voted late", "committed late"]) {
      expect(seen.get(each), each).to.be.greaterThan(20);
    }
    for (const each of ["committed still", "committed relayed", "pauseUntil taken", "agreePlan taken"]) {
      expect(seen.get(each), each).to.be.greaterThan(20);
    }
  });

  for (const honesty of [95, 80, 50]) {
    it(`find exactly the faults of histories whose members do nothing wrong ${honesty} % of the time`, async () => {
      const { verdicts, seen } = await holdHistories(chain, { honesty, seed: honesty, numRuns: 150 });
      expect([...verdicts.keys()]).to.include.members(
        honesty === 50 ? ["broken"] : ["verified", "broken", "unavailable"],
      );
      const wrong = [...seen.keys()].filter((each) => each.startsWith("committed ") || each.startsWith("proposed "));
      expect(wrong.length).to.be.greaterThan(25);
    });
  }

  it("tell the truth of the chain that stays, if blocks are replaced between two reads", async () => {
    let restarts = 0;
    const audit = async (played: PlayedHistory): Promise<AuditReport> => {
      const { real, federation } = played;
      const snapshot = await real.rpc("evm_snapshot");
      // Blocks that the audit reads first and that are gone when it reads on.
      for (let block = 0; block < 3; block++) await real.rpc("evm_mine");
      const options = { federation, fromBlock: 0, endpoints: [endpoint.url], pollMs: 20, freshMs: 0 };
      const ledger = await openLedger(options);
      let isReplaced = false;
      try {
        return await auditPlayed(played, async function* history() {
          for await (const event of ledger.history()) {
            if (!isReplaced) {
              isReplaced = true;
              restarts++;
              await real.rpc("evm_revert", [snapshot]);
              for (let block = 0; block < 5; block++) await real.rpc("evm_mine");
            }
            yield event;
          }
        });
      } finally {
        ledger.close();
      }
    };
    await holdHistories(chain, { honesty: 95, seed: 17, numRuns: 20, audit });
    expect(restarts).to.equal(20);
  });
});
