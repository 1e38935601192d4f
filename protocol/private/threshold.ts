// How many holders open the sum of a round's mask keys: the contract's quorum.

/** n - floor((n - 1) / 3), more than two thirds of n: two sets of so many have an honest holder in common. */
export function openingThreshold(hospitals: number): number {
  return hospitals - Math.floor((hospitals - 1) / 3);
}
