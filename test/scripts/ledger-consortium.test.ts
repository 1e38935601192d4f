// From `consilium init consortium` to a federation that is founded: every field of the file is read by a command.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { encodePlan } from "../../protocol/format/plan.ts";
import { deployCommand } from "../../scripts/deploy.ts";
import { initCommand } from "../../scripts/init.ts";
import { parseInvitation } from "../../scripts/join/invitation.ts";
import { membersCommand } from "../../scripts/members.ts";
import { statusCommand } from "../../scripts/status.ts";
import { termsCommand } from "../../scripts/terms.ts";
import { examplePlan } from "../fakes/federation.ts";
import { fundedWallet, startHardhat, type TestChain } from "../io/chain/chain.ts";
import { type FederationCommands, openFederationCommands } from "./federation-commands.ts";

const peer = "/ip4/127.0.0.1/tcp/9/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo";
const plan = encodePlan(examplePlan({ rounds: 2, minUpdates: 3, sampleCap: 700 }));
const genesis = new Uint8Array(40).fill(7);

describe("a consortium's file", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let commands: FederationCommands;
  let site: string;
  let config: string;

  before(async () => {
    chain = await startHardhat();
  });
  after(() => chain.stop());
  beforeEach(async () => {
    commands = await openFederationCommands(chain, [
      ...[initCommand, deployCommand, membersCommand, statusCommand, termsCommand],
    ]);
    site = join(commands.dir, "site");
    await mkdir(join(site, "owner"), { recursive: true });
    await rename(await commands.written(fundedWallet(0)), join(site, "owner/keystore.json"));
    await writeFile(join(site, "plan.json"), plan);
    await writeFile(join(site, "genesis.safetensors"), genesis);
    config = join(site, "consortium.yaml");
  });
  afterEach(() => commands.close());

  const [north, owner] = [fundedWallet(5).address, fundedWallet(0).address.toLowerCase()];
  const init = (...more: string[]) => [
    ...["init", "consortium", "--out", config, "--rpc", chain.url, "--password-file", "../password"],
    ...["--hospital", `north=${north}`, "south", "--aggregator", `mean=${fundedWallet(1).address}`],
    ...["--commit-period", "2h", "--hand-over", "hospitals", "--peer", peer, ...more],
  ];

  it("founds the federation, names its members, and writes the invitation", async () => {
    const files: { digest: string }[] = (await commands.runJson(...init())).files;
    expect(files.map(({ digest }) => digest)).to.deep.equal([blobDigest(plan), blobDigest(genesis)]);
    const { contract } = await commands.runJson("deploy", "--config", config);

    const status = await commands.runJson("status", "--config", config);
    expect(status).to.deep.include({ contract, owner, agreedPlan: blobDigest(plan), latestModel: blobDigest(genesis) });
    // What a plan has too is the plan's: neither can refuse what the other allows.
    expect(status.terms).to.deep.include({ commitPeriod: 7200, minUpdates: 3, sampleCap: 700, earlyShare: 75 });
    const { members, handedTo } = await commands.runJson("members", "list", "--config", config);
    expect(members.map(({ role }: { role: string }) => role)).to.deep.equal(["hospital", "aggregator"]);
    expect(handedTo).to.equal(contract);
    expect(await commands.run("members", "list", "--config", config)).to.match(/0 +hospital +0x.* +north/);

    const out = join(commands.dir, "invitation.yaml");
    expect((await commands.runJson("members", "invite", "--config", config, "--out", out)).to).to.deep.equal(["south"]);
    const invitation = parseInvitation(await readFile(out, "utf8"));
    expect(invitation).to.deep.include({ peers: [peer], endpoints: [chain.url], plan: blobDigest(plan) });
  });

  it("gives way to options, and is a party's file too for commands about the contract", async () => {
    await commands.run(...init());
    expect(await commands.codeOf("deploy", "--config", config, "--chain-id", "1")).to.equal("LEDGER_CHAIN_MISMATCH");
    await commands.run("deploy", "--config", config, "--commit-period", "3h");
    await commands.run("terms", "--config", config, "--attest-period", "5h");
    const hospital = join(site, "hospital.json");
    const party = { federation: "federation.json", chain: { endpoints: [chain.url] } };
    await writeFile(hospital, JSON.stringify(party));
    const { terms } = await commands.runJson("terms", "--config", hospital);
    expect(terms).to.deep.include({ commitPeriod: 10_800, attestPeriod: 18_000 });
  });

  it("is refused with a field that no command reads, and takes one answer for what plan and contract both have", async () => {
    await commands.run(...init());
    await writeFile(config, (await readFile(config, "utf8")).replace("handOver:", "handover:"));
    expect(await commands.codeOf("deploy", "--config", config)).to.equal("CONFIG_INVALID");
    expect(await commands.codeOf(...init())).to.equal("FILE_EXISTS");
    const other = ["--out", join(site, "other.json")];
    expect(await commands.codeOf(...init(...other, "--hospital", north))).to.equal("OPTION_INVALID");
    expect(await commands.codeOf(...init(...other, "--genesis", "none.safetensors"))).to.equal("FILE_UNREADABLE");
    await commands.run(...init(...other));
    expect(JSON.parse(await readFile(join(site, "other.json"), "utf8")).terms.minUpdates).to.equal(3);
  });
});
