// Short forms of digests and addresses for people: their first digits, which are enough to tell those of one page apart.

/** `0x1a2b3c4d…` */
export function shortName(hex: string): string {
  return hex.length > 12 ? `${hex.slice(0, 10)}…` : hex;
}

/** A block time, seconds since 1970, as UTC. */
export function utc(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
