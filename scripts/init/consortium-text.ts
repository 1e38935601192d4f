// The text of a consortium's file: YAML with a comment on each part, for the person who will change it.
import type { ConsortiumFile } from "../consortium/consortium-file.ts";
import { termFields } from "../ledger/terms-options.ts";
import { checkedText, value } from "./config-file.ts";

/** @throws OPTION_INVALID where an answer is not what its field takes */
export function consortiumText(file: ConsortiumFile): string {
  const { chain, keys, federation, plan, genesis, terms, members, handOver, predecessor, invitation } = file;
  return checkedText("consortium", [
    "# yaml-language-server: $schema=consilium-consortium.schema.json",
    "# A consortium's file: consilium deploy, members, terms and status take it with --config. docs/configuration.md has",
    "# every field; paths start from this folder.",
    "",
    "chain:",
    "  # An endpoint of another chain is refused.",
    `  id: ${chain.id}`,
    "  # RPC endpoints: with two of different operators the commands compare them.",
    `  endpoints: ${value(chain.endpoints)}`,
    "  # Blocks on top of a block before anything in it counts: 0 on a chain of one's own, 12 or more on a public one.",
    `  confirmations: ${chain.confirmations}`,
    "  # Most that is ever offered for a unit of gas, gwei.",
    `  maxFeeGwei: ${chain.maxFeeGwei}`,
    "# The account that founds the federation, and owns it until it is handed over.",
    "keys:",
    `  keystore: ${value(keys.keystore)}`,
    "  # Its first line is the keystore's password; without this line CONSILIUM_KEYSTORE_PASSWORD or a prompt gives it.",
    keys.passwordFile === undefined ? "  # passwordFile: password" : `  passwordFile: ${value(keys.passwordFile)}`,
    "# What consilium deploy writes, and every member and auditor gets.",
    `federation: ${value(federation)}`,
    "# What the consortium agreed on, and the model of the first round.",
    `plan: ${value(plan)}`,
    `genesis: ${value(genesis)}`,
    "# The rules of the rounds at the start.",
    "terms:",
    ...termFields.flatMap(({ name, about }) => [`  # ${about}`, `  ${name}: ${value(terms[name])}`]),
    "# With an address, consilium deploy admits a member at once; without one, it is invited.",
    ...(members.length === 0 ? ["members: []"] : ["members:"]),
    ...members.map(({ name, role, address }) => `  - ${value(address ? { name, role, address } : { name, role })}`),
    "# The next owner, who must accept: an address, or hospitals for their vote.",
    handOver === undefined ? "# handOver: hospitals" : `handOver: ${value(handOver)}`,
    ...(predecessor === undefined
      ? []
      : ["# The contract of the federation that this one continues.", `predecessor: ${value(predecessor)}`]),
    "# What consilium members invite writes: addresses of members with their /p2p/ ids, and endpoints that anyone may use.",
    "invitation:",
    `  peers: ${value(invitation.peers)}`,
    `  endpoints: ${value(invitation.endpoints)}`,
    "",
  ]);
}
