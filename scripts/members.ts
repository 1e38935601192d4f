// `consilium members`: lists the members of a federation; what its owner, its hospitals and each member can change.
import { Argument, type Command, Option } from "commander";
import { ZeroAddress } from "ethers/constants";
import { readFederationFile } from "../io/chain/federation-file.ts";
import { writeNewFile } from "../io/chain/new-file.ts";
import { walletSignatures } from "../io/chain/signatures.ts";
import { fingerprintOf, invitationText } from "./join/invitation.ts";
import { takingFromConsortium } from "./ledger/config-option.ts";
import { readConsortium } from "./ledger/config-values.ts";
import {
  askForWallet,
  onLedger,
  onWritableLedger,
  type ReadOptions,
  type WriteOptions,
  withReadOptions,
  withWriteOptions,
} from "./ledger/options.ts";
import { type ActName, actNames, actOf } from "./members/acts.ts";
import { admitRequest, isRequestFile } from "./members/admit-request.ts";
import { bindPeerFor } from "./members/bind-peer.ts";
import { invite } from "./members/invite.ts";
import { rotateKey } from "./members/rotate.ts";
import { voteFor } from "./members/vote.ts";
import { table } from "./terminal/table.ts";

interface ActCommandOptions extends WriteOptions {
  readonly role?: "hospital" | "aggregator";
  readonly genesis?: string;
}

/** Adds the command and its parts to the program. */
export function membersCommand(program: Command): void {
  const members = program
    .command("members")
    .description("List the members; admit, revoke, hand over and pause as the owner; rotate a key; vote.")
    .addHelpText("after", help);
  withReadOptions(members.command("list").description("List everyone ever admitted, by index.")).action(list);
  ownerCommand(
    members,
    "admit",
    "<address-or-request>",
    "Admit a member, by its address or by the file that its consilium join wrote. Owner only.",
  );
  ownerCommand(members, "revoke", "<address>", "Revoke a member at once and for good. Owner only.");
  ownerCommand(members, "hand-over", "<address>", 'Hand the federation over; "hospitals" to their vote. Owner only.');
  ownerCommand(members, "accept-ownership", undefined, "Accept a federation that was handed over to you.");
  ownerCommand(members, "agree-plan", "<digest>", "Agree on the plan of the rounds opened from now on. Owner only.");
  ownerCommand(members, "pause", "<period>", 'Pause the rounds for at most 30d; "off" ends a pause. Owner only.');
  const invitation = withWriteOptions(
    members
      .command("invite")
      .description("Write an invitation: all that a hospital needs to join, signed by the owner or a member.")
      .option("--peer <address...>", "multiaddrs of members to connect to, with their /p2p/ ids")
      .option("--endpoint <url...>", "RPC endpoints that the hospital may use (default: it brings its own)")
      .option("--out <file>", "where it goes; never overwritten", "invitation.yaml"),
  );
  takingFromConsortium(invitation, ({ invitation: { peers: peer, endpoints: endpoint } }) => ({
    peer,
    endpoint,
  })).action(writeInvitation);
  withWriteOptions(
    members
      .command("rotate")
      .description("Move your membership to a new chain key. The old one can do nothing any more.")
      .requiredOption("--new-keystore <file>", "encrypted keystore of the new key (consilium keys create)")
      .option("--new-password-file <file>", "file with its password (else the environment, else a prompt)"),
  ).action(rotate);
  withWriteOptions(
    members
      .command("bind-peer")
      .description(
        "Bind the peer key of a hospital without gas, from the file that its node wrote. Anyone with gas may.",
      )
      .argument("<file>", "peer-binding.json from the store of the hospital's node"),
  ).action(bindPeer);
  withWriteOptions(
    members
      .command("vote")
      .description(
        "Support an act as a hospital; the act is executed when more than two thirds of the hospitals support it.",
      )
      .addArgument(new Argument("<act>", "an act of an owner").choices(actNames))
      .argument("[subject]", "an address; a plan's digest; for a pause its end as block time in seconds, or off")
      .addOption(roleOption())
      .addOption(genesisOption())
      .option("--withdraw", "take your support back"),
  ).action(vote);
}

const help = `
A federation whose owner is its own contract belongs to the hospitals: they admit and revoke members by vote. The owner hands
it over with "hand-over hospitals", and the hospitals accept with "vote accept-ownership".

Examples:
  consilium members list --federation federation.json --rpc http://10.0.0.5:8545
  consilium members admit 0xA… --role hospital --keystore owner/keystore.json
  consilium members invite --config consortium.yaml
  consilium members invite --peer /dns4/aggregator.example/tcp/4710/p2p/12D3KooW… --keystore owner/keystore.json
  consilium members admit join-request.json --role hospital --keystore owner/keystore.json
  consilium members rotate --keystore keys/keystore.json --new-keystore new/keystore.json
  consilium members bind-peer peer-binding.json --keystore owner/keystore.json
  consilium members agree-plan 0x3f… --genesis 0x9c… --keystore owner/keystore.json
  consilium members vote revoke 0xB… --keystore keys/keystore.json`;

const roleOption = () =>
  new Option("--role <role>", "role of the admitted member").choices(["hospital", "aggregator"]).default("hospital");

const genesisOption = () =>
  new Option("--genesis <digest>", "with agree-plan, before the first round: the genesis model");

function ownerCommand(members: Command, act: ActName, subject: string | undefined, description: string): void {
  const command = withWriteOptions(members.command(act).description(description));
  if (subject !== undefined) command.argument(subject);
  if (act === "admit") command.addOption(roleOption());
  if (act === "agree-plan") command.addOption(genesisOption());
  command.action(async (first: string | ActCommandOptions, second?: ActCommandOptions) => {
    const about = typeof first === "string" ? first : undefined;
    const options = typeof first === "string" ? (second as ActCommandOptions) : first;
    await onWritableLedger(options, async (ledger) => {
      const { contract } = ledger.federation;
      if (act === "admit" && isRequestFile(about)) {
        const admitted = await admitRequest(ledger, about, options.role ?? "hospital");
        return report({ act, ...admitted }, options, `done: ${admitted.member} takes part from the next round on`);
      }
      const now = await ledger.chainTime();
      const all = await ledger.members();
      const { role = "hospital", genesis } = options;
      const { name, args } = actOf(act, { subject: about, role, contract, now, genesis, members: all });
      const { blockNumber, transactionHash } = await ledger.write(name, args);
      report({ act, subject: about, block: blockNumber, transaction: transactionHash }, options, "done");
    });
  });
}

async function list(options: ReadOptions): Promise<void> {
  await onLedger(options, async (ledger) => {
    const all = await ledger.members();
    const owner = (await ledger.read("owner", [])).toLowerCase();
    const nextOwner = (await ledger.read("pendingOwner", [])).toLowerCase();
    const handedTo = nextOwner === ZeroAddress ? null : nextOwner;
    if (options.json) {
      console.log(JSON.stringify({ owner, handedTo, members: all }));
      return;
    }
    const consortium = options.config === undefined ? undefined : await readConsortium(options.config);
    const named = new Map(consortium?.members.map(({ address, name }) => [address, name]));
    const rows = all.map(({ index, role, address, active, peerId }) => {
      // All peer ids begin alike; the end tells them apart, and the row fits 80 columns.
      const peer = peerId === undefined ? "none yet" : `…${peerId.slice(-8)}`;
      return [index, role, address, active ? peer : "revoked", ...(consortium ? [named.get(address) ?? ""] : [])];
    });
    console.log(table(["#", "role", "address", "peer id", ...(consortium ? ["name"] : [])], rows));
    console.log("peer ids in full: --json");
    const ownerName = (account: string) =>
      account === ledger.federation.contract ? "the hospitals, by vote" : account;
    console.log(
      `owner: ${ownerName(owner)}${handedTo ? `; handed over to ${ownerName(handedTo)}, not accepted yet` : ""}`,
    );
  });
}

async function writeInvitation(
  options: WriteOptions & { peer?: readonly string[]; endpoint?: readonly string[]; out: string },
): Promise<void> {
  const wallet = await askForWallet(options.keystore, options.passwordFile);
  const federation = await readFederationFile(options.federation);
  const { peer: peers = [], endpoint: endpoints = [], out } = options;
  const signatures = walletSignatures(wallet);
  const invitation = await onLedger(options, (ledger) => invite(ledger, federation, { peers, endpoints, signatures }));
  await writeNewFile(out, invitationText(invitation), { mode: 0o644 });
  const fingerprint = fingerprintOf(invitation);
  const consortium = options.config === undefined ? undefined : await readConsortium(options.config);
  const to = consortium?.members.flatMap(({ name, address }) => (address === undefined ? [name] : [])) ?? [];
  const addressees = to.length === 0 ? "" : `; send it to: ${to.join(", ")}`;
  report({ out, fingerprint, to }, options, `wrote ${out}; its fingerprint is ${fingerprint}${addressees}`);
}

async function rotate(options: WriteOptions & { newKeystore: string; newPasswordFile?: string }): Promise<void> {
  const next = await askForWallet(options.newKeystore, options.newPasswordFile);
  await onWritableLedger(options, async (ledger, from) => {
    const to = await rotateKey(ledger, from, next);
    report({ act: "rotate", from, to }, options, "done: start your node with the new keystore");
  });
}

async function bindPeer(path: string, options: WriteOptions): Promise<void> {
  await onWritableLedger(options, async (ledger) => {
    const { member, peerId } = await bindPeerFor(ledger, path);
    report({ act: "bind-peer", member, peerId }, options, "done: the hospital's node goes on by itself");
  });
}

async function vote(
  act: ActName,
  subject: string | undefined,
  options: ActCommandOptions & { withdraw?: boolean },
): Promise<void> {
  await onWritableLedger(options, async (ledger) => {
    const { contract } = ledger.federation;
    const { role = "hospital", genesis } = options;
    const all = await ledger.members();
    const wanted = actOf(act, { subject, role, contract, now: undefined, genesis, members: all });
    const outcome = await voteFor(ledger, wanted, options.withdraw !== true);
    const { carried, supporters, hospitals } = outcome;
    const said = carried ? "executed" : `${supporters} of ${hospitals} hospitals support it`;
    report({ act, subject, ...outcome }, options, said);
  });
}

function report(facts: object, { json }: ReadOptions, said: string): void {
  console.log(json ? JSON.stringify(facts) : said);
}
