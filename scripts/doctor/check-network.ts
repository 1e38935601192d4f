// The libp2p side: addresses to listen on, each peer by name, and whether others can reach this machine from outside.
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Membership } from "../../io/p2p/membership.ts";
import { parseMultiaddr } from "../../io/p2p/multiaddrs.ts";
import { type ProbedPeer, probePeers } from "../../io/p2p/probe-peers.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import { failed } from "./check-keys.ts";
import { bad, type Finding, good, note } from "./finding.ts";

export interface NetworkTarget {
  readonly listen: readonly string[];
  readonly announce: readonly string[];
  /** Configured peers, and those that the node has learnt. */
  readonly peers: readonly string[];
  readonly federation: FederationId;
  readonly membership: Membership;
  readonly identity: Uint8Array;
}

export async function checkNetwork(target: NetworkTarget, { signal }: Waiting = {}): Promise<readonly Finding[]> {
  let probed: readonly ProbedPeer[];
  try {
    probed = await probePeers({ ...target, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (!isFedError(error)) throw error;
    return [failed("listen", error)];
  }
  // A member that is away is none of this node's faults while another one is reached.
  const found = probed.some(({ reached }) => reached) ? note : bad;
  const findings = [listening(target.listen), ...probed.map((each) => peer(each, found))];
  if (probed.length === 0) {
    const remedy = "name at least one member in network.peers; two or more, in case one is away";
    findings.push(note("peers", "no member is configured: this node waits until others dial it", remedy));
  } else if (!probed.some(({ reached }) => reached)) {
    findings.push(bad("peers", "no member can be reached", "see the lines above; one reachable member is enough"));
  }
  const seenAs = probed.flatMap((each) => (each.reached && !each.relayed && each.seenAs ? [each.seenAs] : []))[0];
  if (seenAs !== undefined) findings.push(inbound(seenAs, target));
  return findings;
}

function listening(listen: readonly string[]): Finding {
  return good("listen", `can listen on ${listen.join(", ") || "no address"}`);
}

function peer(probed: ProbedPeer, missing: typeof note): Finding {
  const check = `peer ${probed.address}`;
  if (probed.reached) {
    const way = probed.relayed ? "by a relay" : "directly";
    return good(check, `reached ${way}, round trip ${Math.round(probed.roundTripMs)} ms`);
  }
  const { host, port } = hostAndPort(probed.address);
  const firewall = `to the firewall's team: please allow TCP from this machine out to ${host}, port ${port}`;
  return missing(
    check,
    probed.reason,
    /refused|answer in time|no route/.test(probed.reason) ? firewall : otherwise(probed),
  );
}

function otherwise({ address }: ProbedPeer): string {
  return `check the address with the member's operator (its log says network-started): ${address}`;
}

/** Whether what peers see as this machine's address is its own. */
function inbound(seenAs: string, { listen, announce }: NetworkTarget): Finding {
  const { host } = hostAndPort(seenAs);
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  if (own.some(({ address }) => address === host)) {
    const ports = listen.map((text) => hostAndPort(text).port).filter((port) => port !== "0" && port !== "?");
    const text = `peers see this machine by its own address ${host}`;
    return ports.length === 0
      ? good("inbound", text)
      : good("inbound", `${text}; they need TCP in on ${ports.join(", ")}`);
  }
  const text = `peers see this machine as ${host}: it is behind NAT`;
  if (announce.length > 0 || listen.some((text) => text.includes("p2p-circuit"))) return good("inbound", text);
  const remedy =
    'forward a TCP port and put it into network.announce, or listen through a relay: "listen": ["/p2p-circuit"]';
  return note("inbound", text, remedy);
}

function hostAndPort(address: string): { readonly host: string; readonly port: string } {
  const parts = parseMultiaddr(address).getComponents();
  const host = parts.find(({ name, value }) => /^(ip[46]|dns[46]?)$/.test(name) && value !== undefined)?.value ?? "?";
  const port = parts.find(({ name }) => name === "tcp")?.value ?? "?";
  return { host: isIP(host) === 6 ? `[${host}]` : host, port };
}
