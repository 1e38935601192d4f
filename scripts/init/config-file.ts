// The text of a configuration: YAML with a comment on each field, for the person who will change it.
import { stringify } from "yaml";
import { FedError } from "../../foundation/errors.ts";
import { parseConfigText } from "../party/config-text.ts";
import type { Answers } from "./answers.ts";
import { fileSchemas, type Role } from "./schema.ts";

/** @throws OPTION_INVALID where an answer is not what its field takes */
export function configText(role: Role, answers: Answers): string {
  const { federation, rpc, confirmations, peers, port, nat, relayed, keys, passwordFile, store, relay, serveAuditors } =
    answers;
  const lines = [
    `# yaml-language-server: $schema=consilium-${role}.schema.json`,
    `# Configuration of ${role === "hospital" ? "a hospital" : "an aggregator"}. docs/operators-guide.md has every field; paths start from this folder.`,
    "",
    "# The file that consilium deploy wrote: chain and contract.",
    `federation: ${value(federation)}`,
    "chain:",
    "  # RPC endpoints: with two of different operators the node compares them.",
    `  endpoints: ${value(rpc)}`,
    "  # Blocks on top of a block before anything in it counts: 0 on a chain of one's own, 12 or more on a public one.",
    `  confirmations: ${confirmations}`,
    ...(relayed
      ? ["  # No coins: other members send what this hospital signs.", "  relayed: true"]
      : ["  # Most that is ever offered for a unit of gas, gwei.", "  maxFeeGwei: 200"]),
    "keys:",
    `  keystore: ${value(`${keys}/keystore.json`)}`,
    "  # Its first line is the keystore's password; without this line CONSILIUM_KEYSTORE_PASSWORD or a prompt gives it.",
    passwordFile === undefined ? "  # passwordFile: password" : `  passwordFile: ${value(passwordFile)}`,
    `  peerKey: ${value(`${keys}/peer.key`)}`,
    "network:",
    nat ? "  # Behind NAT: a relay among the peers passes on what others send." : "  # Where members reach this node.",
    `  listen: ${value(nat ? ["/p2p-circuit"] : [`/ip4/0.0.0.0/tcp/${port}`])}`,
    "  # Members to connect to; two or more, in case one is away.",
    `  peers: ${value(peers)}`,
    ...(relay ? ["  # Relays the traffic of members behind NAT.", "  relay: true"] : []),
    ...(serveAuditors ? ["  # Auditors, who are no members, may fetch objects.", "  serveAuditors: true"] : []),
    "# Objects and journal.",
    `store: ${value(store)}`,
    "# Above this, objects that three other members keep are deleted, GiB; without it the disk is the limit.",
    "# maxStoreGiB: 100",
    ...(role === "hospital"
      ? ["# The imported data: consilium import.", `shard: ${value(answers.shard)}`]
      : [
          "# What the consortium agreed on, and the model of the first round: consilium plan.",
          `plan: ${value(answers.plan)}`,
          `genesis: ${value(answers.genesis)}`,
        ]),
    "# The page that --dashboard serves, for this machine; elsewhere it needs a tokenFile.",
    "# dashboard:",
    "#   listen: 127.0.0.1:4780",
    "# Figures for Prometheus and health, over HTTP on this machine.",
    "telemetry:",
    "  listen: 127.0.0.1:9464",
    "",
  ];
  return checkedText(role, lines);
}

/** One value as YAML, in one line. */
export const value = (one: unknown) => stringify(one, { lineWidth: 0, collectionStyle: "flow" }).trim();

/** @throws OPTION_INVALID where the file's own reader would refuse it */
export function checkedText(role: keyof typeof fileSchemas, lines: readonly string[]): string {
  const text = lines.join("\n");
  const parsed = fileSchemas[role].safeParse(parseConfigText(text, "answers"));
  if (parsed.success) return text;
  const [issue] = parsed.error.issues;
  const facts = { field: issue?.path.join("."), why: issue?.message };
  throw new FedError("OPTION_INVALID", facts, { remedy: "give another value for this field" });
}
