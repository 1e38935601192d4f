// Asks parties for what they see, once a second while somebody looks.
import type { Watcher } from "../../dashboard/server/feed.ts";
import type { DashboardInput } from "../../dashboard/state/inputs.ts";
import { pause } from "../../foundation/pause.ts";
import type { Look } from "./lookout.ts";

const everyMs = 1_000;

export interface Looked {
  readonly name: string;
  look(): Promise<Look | undefined>;
}

export function watchLooks(parties: () => readonly Looked[]): Watcher {
  return async (tell, signal) => {
    while (!signal.aborted) {
      await lookOnce(parties(), tell);
      await pause(everyMs, { signal }).catch(() => {});
    }
  };
}

export async function lookOnce(parties: readonly Looked[], tell: (input: DashboardInput) => void): Promise<void> {
  await Promise.all(
    parties.map(async ({ name, look }) => {
      const seen = await look().catch(() => undefined); // a party that has just ended
      if (!seen) return;
      if (seen.sight) tell({ kind: "sight", at: Date.now(), sight: seen.sight });
      for (const each of seen.warnings) tell({ kind: "log", party: seen.sight?.party ?? name, ...each });
    }),
  );
}
