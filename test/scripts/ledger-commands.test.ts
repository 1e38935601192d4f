// The commands as people call them, against Hardhat's node in this process.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { readKeystore } from "../../io/chain/keystore.ts";
import { signPeerBinding } from "../../io/chain/peer-binding.ts";
import { peerIdOf } from "../../io/chain/peer-key.ts";
import { walletSignatures } from "../../io/chain/signatures.ts";
import { createPeerKey, loadPeerKey } from "../../io/p2p/identity.ts";
import { openBlobStore } from "../../io/store/blob-store.ts";
import { parseAddress, zeroDigest } from "../../protocol/format/digest.ts";
import { encodePlan } from "../../protocol/format/plan.ts";
import { mechanismOf } from "../../protocol/format/privacy-spec.ts";
import { deployCommand } from "../../scripts/deploy.ts";
import { keysCommand } from "../../scripts/keys.ts";
import { membersCommand } from "../../scripts/members.ts";
import { planFrom } from "../../scripts/plan/plan-from-choices.ts";
import { privacyCommand } from "../../scripts/privacy.ts";
import { statusCommand } from "../../scripts/status.ts";
import { fundedWallet, startHardhat, type TestChain } from "../io/chain/chain.ts";
import { digestOf, type TestFederation, terms } from "../io/chain/federation.ts";
import { type FederationCommands, openFederationCommands } from "./federation-commands.ts";

describe("the commands about a federation", () => {
  let chain: TestChain;
  let federation: TestFederation;
  let dir: string;
  let common: readonly string[];
  let run: FederationCommands["run"];
  let runJson: FederationCommands["runJson"];
  let codeOf: FederationCommands["codeOf"];
  let written: FederationCommands["written"];
  let as: FederationCommands["as"];
  let close: FederationCommands["close"];

  before(async () => {
    chain = await startHardhat();
  });
  after(() => chain.stop());

  beforeEach(async () => {
    const commands = [deployCommand, keysCommand, membersCommand, privacyCommand, statusCommand];
    ({ federation, dir, common, run, runJson, codeOf, written, as, close } = await openFederationCommands(
      chain,
      commands,
    ));
  });
  afterEach(() => close());

  it("members lists everyone by index, with the owner", async () => {
    const { owner, handedTo, members } = await runJson("members", "list", ...common);
    expect([owner, handedTo]).to.deep.equal([fundedWallet(0).address.toLowerCase(), null]);
    expect(members.map(({ index, role }: { index: number; role: string }) => [index, role])).to.deep.equal([
      [0, "hospital"],
      [1, "hospital"],
      [2, "hospital"],
      [3, "aggregator"],
    ]);
    const shown = await run("members", "list", ...common);
    expect(shown).to.match(/3 +aggregator +0x.* +none yet/);
    expect(Math.max(...shown.split("\n").map((line) => line.trimEnd().length))).to.be.at.most(80);
  });

  it("members admits and revokes, as the owner only", async () => {
    const late = fundedWallet(9).address;
    await run("members", "admit", late, "--role", "aggregator", ...(await as(0)));
    const { members } = await runJson("members", "list", ...common);
    expect(members[4]).to.deep.include({ address: late.toLowerCase(), role: "aggregator", active: true });
    expect(await codeOf("members", "revoke", late, ...(await as(2)))).to.equal("OWNABLE_UNAUTHORIZED_ACCOUNT");
    await run("members", "revoke", late, ...(await as(0)));
    expect((await runJson("members", "list", ...common)).members[4].active).to.equal(false);
    expect(await codeOf("members", "admit", late, ...(await as(0)))).to.equal("MEMBER_ALREADY_ADMITTED");
    expect(await codeOf("members", "admit", "0x12", ...(await as(0)))).to.equal("OPTION_INVALID");
  });

  it("members rotate moves a membership to a new key", async () => {
    const next = fundedWallet(12);
    const flags = ["--new-keystore", await written(next), "--new-password-file", join(dir, "password")];
    const outcome = await runJson("members", "rotate", ...flags, ...(await as(2)));
    expect(outcome.to).to.equal(next.address.toLowerCase());
    const { members } = await runJson("members", "list", ...common);
    expect(members[0]).to.deep.include({ index: 0, address: next.address.toLowerCase(), active: true });
    expect(await codeOf("members", "rotate", ...flags, ...(await as(2)))).to.equal("MEMBER_UNKNOWN");
  });

  it("members bind-peer binds the peer key of a hospital without gas, by the file that it signed", async () => {
    const wallet = fundedWallet(3);
    const account = parseAddress(wallet.address);
    const key = await loadPeerKey(await createPeerKey());
    const identity = { publicKey: key.publicKey.raw, sign: (message: Uint8Array) => key.sign(message) };
    const subject = { ...federation.options.federation, account, nonce: 0 };
    const binding = await signPeerBinding(subject, { identity, signatures: walletSignatures(wallet) });
    const fileOf = async (content: object) => {
      const file = join(dir, "peer-binding.json");
      await writeFile(file, JSON.stringify(content));
      return file;
    };
    const flags = await as(2);
    const bind = async (content: object) => codeOf("members", "bind-peer", await fileOf(content), ...flags);
    expect(await bind({ ...binding, extra: 1 })).to.equal("PEER_BINDING_MALFORMED");
    expect(await bind({ ...binding, account: parseAddress(fundedWallet(4).address) })).to.equal(
      "PEER_BINDING_SIGNATURE",
    );
    expect(await bind({ ...binding, possession: `0x${"11".repeat(64)}` })).to.equal("PEER_BINDING_SIGNATURE");
    expect(await bind({ ...binding, chainId: 1 })).to.equal("PEER_BINDING_SIGNATURE");
    const { member, peerId } = await runJson("members", "bind-peer", await fileOf(binding), ...flags);
    expect([member, peerId]).to.deep.equal([account, peerIdOf(identity.publicKey)]);
    const { members } = await runJson("members", "list", ...common);
    expect(members[1]).to.deep.include({ address: account, peerId });
    expect(await bind(binding)).to.equal("KEY_SIGNATURE_INVALID");
  });

  it("members vote takes over from an owner that hands over, and decides from then on", async () => {
    await run("members", "hand-over", "hospitals", ...(await as(0)));
    const handed = await runJson("members", "list", ...common);
    expect(handed.handedTo).to.equal(federation.options.federation.contract);
    for (const [i, index] of [2, 3, 4].entries()) {
      const { carried, supporters } = await runJson("members", "vote", "accept-ownership", ...(await as(index)));
      expect([carried, supporters]).to.deep.equal(i < 2 ? [false, i + 1] : [true, 0]);
    }
    expect(await codeOf("members", "admit", fundedWallet(9).address, ...(await as(0)))).to.equal(
      "OWNABLE_UNAUTHORIZED_ACCOUNT",
    );
    const motion = ["members", "vote", "admit", fundedWallet(9).address];
    await run(...motion, ...(await as(2)));
    await run(...motion, ...(await as(3)));
    expect((await runJson(...motion, "--withdraw", ...(await as(3)))).supporters).to.equal(1);
    await run(...motion, ...(await as(4)));
    expect(await run(...motion, ...(await as(3)))).to.equal("executed");
    expect((await runJson("members", "list", ...common)).members).to.have.length(5);
    expect(await codeOf("members", "vote", "pause", "2h", ...(await as(2)))).to.equal("OPTION_INVALID");
    expect(await codeOf("members", "vote", "admit", fundedWallet(9).address, ...(await as(1)))).to.equal(
      "MEMBER_NOT_HOSPITAL",
    );
  });

  it("members pause stops the rounds and starts them again", async () => {
    await run("members", "pause", "2h", ...(await as(0)));
    expect(await run("status", ...common)).to.match(/paused +for another 1 h 59 m|2 h/);
    expect((await runJson("status", ...common)).pausedUntil).to.be.a("number");
    await run("members", "pause", "off", ...(await as(0)));
    expect((await runJson("status", ...common)).pausedUntil).to.equal(null);
    expect(await codeOf("members", "pause", "31d", ...(await as(0)))).to.equal("PAUSE_TOO_LONG");
    expect(await codeOf("members", "pause", "soon", ...(await as(0)))).to.equal("OPTION_INVALID");
  });

  it("status shows what each round waits for, and until when", async () => {
    const { aggregator, hospitals } = federation;
    expect(await run("status", ...common)).to.include("no round yet");
    const first = async () => (await runJson("status", ...common)).rounds[0];
    const round = await aggregator.openRound({ plan: digestOf("plan"), base: digestOf("base") });
    const { commitBy } = await aggregator.round(round);
    expect(await first()).to.deep.include({ status: "committing", awaits: "updates", until: commitBy, hospitals: 3 });
    expect((await first()).awaited).to.deep.equal(hospitals.map(({ self }) => self));
    for (const hospital of hospitals) {
      await hospital.commitUpdate({ round, manifest: digestOf(`${hospital.self}`), sampleCount: 7 });
    }
    expect(await first()).to.deep.include({ awaits: "the opener to propose", commitments: 3, samples: 21 });
    const included = hospitals.map(({ self }) => self!);
    await aggregator.proposeModel({ round, model: digestOf("model"), included });
    await hospitals[0]!.attest({ round, proposal: 1, agree: true, scores: zeroDigest });
    expect(await first()).to.deep.include({ status: "proposed", awaits: "hospitals to attest", agreeing: 1 });
    expect((await first()).awaited).to.deep.equal(hospitals.slice(1).map(({ self }) => self));
    await chain.passTime(terms.attestPeriod + 1);
    expect(await first()).to.deep.include({ awaits: "anybody to move it on", until: null });
    await aggregator.expire(round);
    expect(await first()).to.deep.include({ status: "proposing", awaits: "any member to propose", disagreeing: 0 });
    await hospitals[0]!.proposeModel({ round, model: digestOf("model"), included });
    for (const hospital of hospitals) await hospital.attest({ round, proposal: 2, agree: true, scores: zeroDigest });
    expect(await first()).to.deep.include({ status: "final", awaits: "nothing", model: digestOf("model") });
    expect(await run("status", ...common)).to.match(/1 +final \(proposal 2\) +3\/3 +21 +3 yes, 0 no +nothing/);
    expect((await runJson("status", ...common)).agreedPlan).to.equal(digestOf("plan"));
    expect(await run("status", ...common)).to.match(new RegExp(`^plan +${digestOf("plan")}$`, "m"));
  });

  it("status names a hospital whose update is late, and since when", async () => {
    const { aggregator, hospitals } = federation;
    const round = await aggregator.openRound({ plan: digestOf("plan"), base: digestOf("base") });
    for (const hospital of hospitals.slice(1)) {
      await hospital.commitUpdate({ round, manifest: digestOf(`${hospital.self}`), sampleCount: 7 });
    }
    expect((await runJson("status", ...common)).late).to.deep.equal([]);
    await chain.passTime(terms.commitPeriod + 1);
    const { commitBy } = await aggregator.round(round);
    const absent = hospitals[0]!.self;
    expect((await runJson("status", ...common)).late).to.deep.equal([{ member: absent, since: commitBy, rounds: 1 }]);
    expect(await run("status", ...common)).to.match(new RegExp(`late +${absent} for .+ in 1 round`));
  });

  it("status shows what a party's store takes of its disk, if it is given the configuration", async () => {
    const config = join(dir, "hospital.json");
    await writeFile(config, JSON.stringify({ store: "store", maxStoreGiB: 0.001 }));
    expect(await codeOf("status", ...common, "--config", config)).to.equal("STORE_MISSING");
    const store = await openBlobStore(join(dir, "store", "blobs"));
    await store.put(new Uint8Array(300_000));
    await store.put(new Uint8Array(7));
    await store.close();
    const status = await runJson("status", ...common, "--config", config);
    expect(status.store).to.deep.include({ objects: 2, objectBytes: 300_007, unfinishedBytes: 0 });
    expect(status.store.maxBytes).to.equal(0.001 * 2 ** 30);
    expect(status.store.freeBytes).to.be.within(1, status.store.totalBytes);
    expect(await run("status", ...common, "--config", config)).to.match(
      /store +0.3 MiB in 2 objects; 28 % of the limit/,
    );
    await writeFile(config, JSON.stringify({ store: 7 }));
    expect(await codeOf("status", ...common, "--config", config)).to.equal("CONFIG_INVALID");
  });

  it("keys are created once, shown without a password, and their address alone", async () => {
    const keys = join(dir, "keys");
    const created = await runJson("keys", "create", keys, "--password-file", join(dir, "password"));
    expect(created.address).to.equal((await readKeystore(join(keys, "keystore.json"))).address);
    expect(created.peerId).to.match(/^12D3KooW/);
    expect(created.exposed).to.deep.equal([]);
    expect(await runJson("keys", "show", keys)).to.deep.equal(created);
    expect(await run("keys", "address", keys)).to.equal(created.address);
    expect(await codeOf("keys", "create", keys, "--password-file", join(dir, "password"))).to.equal("FILE_EXISTS");
    await writeFile(join(dir, "short"), "short\n");
    expect(await codeOf("keys", "create", join(dir, "new"), "--password-file", join(dir, "short"))).to.equal(
      "PASSWORD_WEAK",
    );
  });

  it("privacy says what a federation with noise has spent, and knows its own plan alone", async () => {
    const key = ["--keystore", await written(fundedWallet(0)), "--password-file", join(dir, "password")];
    const out = join(dir, "noisy-federation.json");
    const file = join(dir, "noisy.json");
    const plan = planFrom({ private: true, noiseMultiplier: 2, rounds: 4 });
    await writeFile(file, encodePlan(plan));
    await runJson(
      "deploy",
      "--rpc",
      chain.url,
      "--chain-id",
      "31337",
      "--out",
      out,
      "--confirmations",
      "1",
      ...key,
      "--plan",
      file,
    );
    const at = ["--spent", "--federation", out, "--rpc", chain.url];
    const { spent } = await runJson("privacy", file, ...at);
    expect(spent).to.deep.include({ mechanism: mechanismOf(plan.privacy!), maxSeals: 5, seals: 0 });
    expect(spent.cost).to.deep.include({ openings: 0, epsilon: 0 });
    expect(await run("privacy", file, ...at)).to.include("spent: epsilon 0.00 in 0 of 5 sums");
    await writeFile(file, encodePlan(planFrom({ noiseMultiplier: 3 }, plan)));
    expect(await codeOf("privacy", file, ...at)).to.equal("MECHANISM_MISMATCH");
  });
});
