// Cache of graphs: compiling takes as long as some tens of runs, and each round uses the same ones.
import type { Graph } from "./compile.ts";

const kept = new Map<string, Graph>();
const capacity = 8;

/** @param key everything that the graph depends on but its inputs and variables */
export function compiled(key: string, compile: () => Graph): Graph {
  const graph = kept.get(key) ?? compile();
  kept.delete(key);
  kept.set(key, graph); // the newest is last
  const [oldest] = kept;
  if (oldest && kept.size > capacity) {
    kept.delete(oldest[0]);
    oldest[1].dispose();
  }
  return graph;
}
