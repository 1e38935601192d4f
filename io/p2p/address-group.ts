// The unit by which addresses are limited: one IPv4 address, or one IPv6 /64, which is what a single host can get.
import { isIP } from "node:net";
import type { Multiaddr } from "@multiformats/multiaddr";

/** The group of a multiaddr; relayed connections form a group for each relay. */
export function addressGroup(address: Multiaddr): string {
  const components = address.getComponents();
  const host = components.find(({ name }) => name === "ip4" || name === "ip6")?.value ?? "unknown";
  const relayed = components.some(({ name }) => name === "p2p-circuit");
  return relayed ? `relayed by ${host}` : groupOf(host);
}

function groupOf(host: string): string {
  const mapped = /^(?:::ffff:)(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  if (mapped) return mapped[1]!;
  if (isIP(host) !== 6) return host;
  const [head = "", tail = ""] = host.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === "" ? [] : tail.split(":");
  const zeros = host.includes("::") ? Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0") : [];
  const groups = [...left, ...zeros, ...right].slice(0, 4).map((part) => Number.parseInt(part, 16).toString(16));
  return `${groups.join(":")}::/64`;
}

/** Address groups from which members have connected, the latest ones. */
export interface KnownAddresses {
  add(group: string): void;
  has(group: string): boolean;
}

const rememberedGroups = 4096;

export function rememberAddresses(): KnownAddresses {
  const groups = new Set<string>();
  return {
    add(group) {
      groups.delete(group);
      groups.add(group);
      if (groups.size > rememberedGroups) groups.delete(groups.values().next().value!);
    },
    has: (group) => groups.has(group),
  };
}
