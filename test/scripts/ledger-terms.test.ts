// `consilium terms` against Hardhat's node in this process.
import { expect } from "chai";
import { membersCommand } from "../../scripts/members.ts";
import { statusCommand } from "../../scripts/status.ts";
import { termsCommand } from "../../scripts/terms.ts";
import { startHardhat, type TestChain } from "../io/chain/chain.ts";
import { digestOf, terms } from "../io/chain/federation.ts";
import { type FederationCommands, openFederationCommands } from "./federation-commands.ts";

describe("consilium terms", () => {
  let chain: TestChain;
  let commands: FederationCommands;

  before(async () => {
    chain = await startHardhat();
  });
  after(() => chain.stop());
  beforeEach(async () => {
    commands = await openFederationCommands(chain, [termsCommand, membersCommand, statusCommand]);
  });
  afterEach(() => commands.close());

  it("shows the rules without a key", async () => {
    const { common, run, runJson } = commands;
    expect(await runJson("terms", ...common)).to.deep.equal({ terms });
    const page = await run("terms", ...common);
    expect(page).to.match(/commit-period +10 m +for which a round takes updates/);
    expect(page).to.match(/min-updates +2 /);
  });

  it("changes what the owner names and nothing else, and shows it before and after", async () => {
    const { common, run, runJson, as } = commands;
    const page = await run("terms", "--min-updates", "3", "--attest-period", "1h", ...(await as(0)));
    expect(page).to.match(/attest-period +3 m 20 s +1 h/);
    expect(page).to.match(/min-updates +2 +3/);
    expect(page).to.match(/sample-cap +1000 *$/m);
    expect(page).to.match(/done, in block \d+/);
    expect(await runJson("terms", ...common)).to.deep.equal({ terms: { ...terms, minUpdates: 3, attestPeriod: 3600 } });
  });

  it("shows in the status how early committing can end", async () => {
    const { run, common, as } = commands;
    expect(await run("status", ...common)).to.include("updates 10 m, proposal");
    await run("terms", "--early-share", "75", "--grace-period", "5m", ...(await as(0)));
    expect(await run("status", ...common)).to.include("updates 10 m (at most 5 m more once 75 % have come), proposal");
  });

  it("sends nothing where nothing changes", async () => {
    const height = await chain.rpc("eth_blockNumber");
    const outcome = await commands.runJson("terms", "--min-updates", "2", ...(await commands.as(0)));
    expect(outcome).to.deep.equal({ before: terms, after: terms, hospitals: 3, changed: false });
    expect(await chain.rpc("eth_blockNumber")).to.equal(height);
  });

  it("warns of a minimum that the hospitals cannot reach", async () => {
    const page = await commands.run("terms", "--min-updates", "4", ...(await commands.as(0)));
    expect(page).to.match(/warning: 3 hospitals are admitted/);
    const ledger = commands.federation.aggregator;
    const opening = ledger.openRound({ plan: digestOf("plan"), base: digestOf("base") });
    expect(await opening.then(undefined, ({ code }) => code)).to.equal("ROUND_TOO_FEW_HOSPITALS");
  });

  it("is refused by name to who is not the owner, and for rules without sense", async () => {
    const { as, codeOf } = commands;
    expect(await codeOf("terms", "--min-updates", "1", ...(await as(2)))).to.equal("OWNABLE_UNAUTHORIZED_ACCOUNT");
    expect(await codeOf("terms", "--commit-period", "0", ...(await as(0)))).to.equal("TERMS_INVALID");
    expect(await codeOf("terms", "--max-expired", "256", ...(await as(0)))).to.equal("OPTION_INVALID");
    expect(await codeOf("terms", "--commit-period", "1 day", ...(await as(0)))).to.equal("OPTION_INVALID");
    expect(await codeOf("terms", "--min-updates", "-1", ...(await as(0)))).to.equal("OPTION_INVALID");
  });

  it("changed while a round runs take effect at the next opening", async () => {
    const { as, run, runJson, common, federation } = commands;
    await federation.aggregator.openRound({ plan: digestOf("plan"), base: digestOf("base") });
    expect(await run("terms", "--min-updates", "3", ...(await as(0)))).to.match(/for the rounds opened from now on/);
    expect(await runJson("terms", ...common)).to.deep.equal({ terms: { ...terms, minUpdates: 3 } });
    expect((await federation.aggregator.read("currentTerms", [])).minUpdates).to.equal(BigInt(terms.minUpdates));
  });

  it("is the hospitals' vote where they own the federation, and can be taken back", async () => {
    const { as, run, runJson, codeOf, common } = commands;
    await run("members", "hand-over", "hospitals", ...(await as(0)));
    for (const index of [2, 3, 4]) await run("members", "vote", "accept-ownership", ...(await as(index)));
    const wanted = ["terms", "--sample-cap", "500"];
    expect(await codeOf(...wanted, ...(await as(0)))).to.equal("OWNABLE_UNAUTHORIZED_ACCOUNT");
    expect(await run(...wanted, "--vote", ...(await as(2)))).to.match(/1 of 3 hospitals support it$/);
    expect(await runJson(...wanted, "--vote", ...(await as(3)))).to.deep.include({ changed: false, supporters: 2 });
    const taken = await runJson(...wanted, "--vote", "--withdraw", ...(await as(3)));
    expect(taken).to.deep.include({ changed: false, supporters: 1 });
    await run(...wanted, "--vote", ...(await as(3)));
    expect(await codeOf(...wanted, "--vote", ...(await as(1)))).to.equal("MEMBER_NOT_HOSPITAL");
    expect(await run(...wanted, "--vote", ...(await as(4)))).to.match(/executed/);
    expect(await runJson("terms", ...common)).to.deep.equal({ terms: { ...terms, sampleCap: 500 } });
  });

  it("refuses a vote about nothing, and a withdrawal that is no vote", async () => {
    const { as, codeOf, common } = commands;
    expect(await codeOf("terms", "--vote", ...common)).to.equal("OPTION_INVALID");
    expect(await codeOf("terms", "--min-updates", "3", "--withdraw", ...(await as(2)))).to.equal("OPTION_INVALID");
  });
});
