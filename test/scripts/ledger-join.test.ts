// From an invitation to a member: what the consortium does, and what the hospital does, on a real chain.
import { readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect } from "chai";
import { parseHospitalConfig } from "../../node/config.ts";
import type { Finding } from "../../scripts/doctor/finding.ts";
import { joinCommand } from "../../scripts/join.ts";
import { membersCommand } from "../../scripts/members.ts";
import { readConfigWithFederation } from "../../scripts/party/read-config.ts";
import { startHardhat, type TestChain } from "../io/chain/chain.ts";
import { type FederationCommands, openFederationCommands } from "./federation-commands.ts";

const peer = "/ip4/127.0.0.1/tcp/9/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo";

describe("joining by an invitation", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let commands: FederationCommands;
  let invitation: string;
  let fingerprint: string;

  before(async () => {
    chain = await startHardhat();
  });
  after(() => chain.stop());
  beforeEach(async () => {
    commands = await openFederationCommands(chain, [joinCommand, membersCommand]);
    invitation = join(commands.dir, "invitation.yaml");
    const invite = ["--peer", peer, "--endpoint", chain.url, "--out", invitation];
    ({ fingerprint } = await commands.runJson("members", "invite", ...(await commands.as(0)), ...invite));
  });
  afterEach(() => commands.close());

  const accept = (file = invitation, site = "site") => [
    ...["join", file, "--dir", join(commands.dir, site), "--password-file", join(commands.dir, "password")],
    ...["--confirmations", "0", "--port", "0"],
  ];
  const members = async () => (await commands.runJson("members", "list", ...commands.common)).members;
  const changed = async (change: (text: string) => string): Promise<string> => {
    const path = join(commands.dir, "changed.yaml");
    await writeFile(path, change(await readFile(invitation, "utf8")));
    return path;
  };

  it("makes keys, configuration and a request, by which one command admits the hospital and binds its peer key", async () => {
    const joined = await commands.runJson(...accept());
    expect(joined.fingerprint).to.equal(fingerprint);
    const state = (findings: Finding[], check: string) => findings.find((each) => each.check === check)?.state;
    expect([state(joined.findings, "keystore"), state(joined.findings, "member")]).to.deep.equal(["good", "bad"]);
    expect(joined.admitted).to.equal(false); // what is usual now: the command has no error
    const { raw, baseDir } = await readConfigWithFederation(joined.config);
    const config = parseHospitalConfig(raw, { baseDir });
    expect(config.federation.contract).to.equal(commands.federation.options.federation.contract);
    expect([config.chain.endpoints, config.network.peers]).to.deep.equal([[chain.url], [peer]]);

    const admit = ["members", "admit", joined.request, "--role", "hospital", ...(await commands.as(0))];
    const { member, peerId } = await commands.runJson(...admit);
    expect(member).to.equal(joined.address);
    expect((await members()).at(-1)).to.deep.include({ address: member, peerId, active: true, role: "hospital" });
    expect((await commands.runJson(...admit)).peerId).to.equal(peerId); // sends nothing twice

    const key = await readFile(join(commands.dir, "site/keys/peer.key"), "utf8");
    const again = await commands.runJson(...accept());
    expect([again.address, again.admitted]).to.deep.equal([joined.address, true]);
    expect(state(again.findings, "member")).to.equal("good");
    expect(await readFile(join(commands.dir, "site/keys/peer.key"), "utf8")).to.equal(key);
  });

  it("says in its last line that it waits, and finds the password's file that was given from another folder", async () => {
    const password = join(commands.dir, "password");
    const given = accept().map((each) => (each === password ? relative(process.cwd(), password) : each));
    const [last] = (await commands.run(...given)).split("\n").slice(-1);
    expect(last).to.match(/^waiting for the consortium to admit 0x[0-9a-f]{40}$/);
    const { raw, baseDir } = await readConfigWithFederation(join(commands.dir, "site/hospital.yaml"));
    expect(parseHospitalConfig(raw, { baseDir }).keys.passwordFile).to.equal(password);
  });

  it("is refused if anybody has changed the invitation on its way", async () => {
    const other = await changed((text) => text.replace("/tcp/9/", "/tcp/10/"));
    expect(await commands.codeOf(...accept(other))).to.equal("INVITATION_SIGNER");
    const torn = await changed((text) => text.slice(0, 200));
    expect(await commands.codeOf(...accept(torn))).to.equal("INVITATION_MALFORMED");
    const wrongCode = await changed((text) => text.replace(/codeDigest: "0x../, 'codeDigest: "0x00'));
    expect(await commands.codeOf(...accept(wrongCode))).to.equal("LEDGER_CODE_MISMATCH");
  });

  it("is refused if a stranger has signed it, and accepted from a member", async () => {
    const out = join(commands.dir, "other.yaml");
    await commands.run("members", "invite", ...(await commands.as(9)), "--endpoint", chain.url, "--out", out);
    expect(await commands.codeOf(...accept(out))).to.equal("INVITATION_SIGNER");
    const byMember = join(commands.dir, "member.yaml");
    await commands.run("members", "invite", ...(await commands.as(2)), "--endpoint", chain.url, "--out", byMember);
    expect(await commands.codeOf(...accept(byMember))).to.equal(undefined);
  });

  it("puts no credential of an endpoint into a file for others", async () => {
    const out = ["--endpoint", "http://user:secret@127.0.0.1:1/", "--out", join(commands.dir, "x.yaml")];
    expect(await commands.codeOf("members", "invite", ...(await commands.as(0)), ...out)).to.equal("OPTION_INVALID");
  });

  it("admits nobody by a request that was changed, or that is of another federation", async () => {
    const { request } = await commands.runJson(...accept());
    const whole = JSON.parse(await readFile(request, "utf8"));
    const forged = join(commands.dir, "forged.json");
    const before = (await members()).length;
    for (const change of [
      { account: `0x${"ab".repeat(20)}` },
      { peerKey: `0x${"cd".repeat(32)}` },
      { contract: `0x${"ef".repeat(20)}` },
    ]) {
      await writeFile(forged, JSON.stringify({ ...whole, ...change }));
      const code = await commands.codeOf("members", "admit", forged, ...(await commands.as(0)));
      expect(code).to.equal("PEER_BINDING_SIGNATURE");
    }
    expect((await members()).length).to.equal(before);
  });

  it("leaves a folder of another federation alone", async () => {
    await commands.run(...accept());
    const elsewhere = await openFederationCommands(chain, [joinCommand, membersCommand]);
    try {
      const out = join(commands.dir, "second.yaml");
      await elsewhere.run("members", "invite", ...(await elsewhere.as(0)), "--endpoint", chain.url, "--out", out);
      expect(await commands.codeOf(...accept(out))).to.equal("FILE_EXISTS");
    } finally {
      await elsewhere.close();
    }
  });
});
