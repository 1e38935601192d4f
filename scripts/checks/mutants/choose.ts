// Which faults are tried: the same for the same sources and seed, and as many in every room.
import { stripTypeScriptTypes } from "node:module";
import { sha256 } from "../../../foundation/sha256.ts";
import { type Mutation, mutated } from "./mutations.ts";

/** A file's text by its path from the project's root. */
export type Sources = ReadonlyMap<string, string>;

/**
 * Faults in a random order that the seed decides; a fault keeps its place when other files change.
 * @param most how many
 */
export function chooseMutations(
  candidates: readonly Mutation[],
  sources: Sources,
  seed: number,
  most: number,
): Mutation[] {
  const keyed = candidates.map((mutation) => ({ mutation, key: orderKey(seed, mutation) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  const chosen: Mutation[] = [];
  for (const { mutation } of keyed) {
    if (chosen.length >= most) break;
    if (runs(mutated(sources.get(mutation.file)!, mutation))) chosen.push(mutation);
  }
  return chosen;
}

/** First of each room, then the second of each, and so on: a run that is stopped early has seen every room. */
export function inTurns<Item>(rooms: readonly (readonly Item[])[]): Item[] {
  const longest = Math.max(0, ...rooms.map((room) => room.length));
  return Array.from({ length: longest }, (_, turn) => rooms.flatMap((room) => room.slice(turn, turn + 1))).flat();
}

function orderKey(seed: number, { file, operator, start, replacement }: Mutation): string {
  return Buffer.from(sha256(JSON.stringify([seed, file, operator, start, replacement]))).toString("hex");
}

function runs(text: string): boolean {
  try {
    stripTypeScriptTypes(text);
    return true;
  } catch {
    return false;
  }
}
