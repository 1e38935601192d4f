// A party within this process, for federations of a hundred: the same code, keys, store, chain and network as a process of
// its own has, but one trainer for all.
import { runAggregator } from "../../aggregator/aggregator.ts";
import { parseAggregatorConfig } from "../../aggregator/config.ts";
import { parseHospitalConfig } from "../../node/config.ts";
import { runHospitalNode } from "../../node/hospital-node.ts";
import type { TrainerProcess } from "../../node/learner-process.ts";
import { FedError, isFedError } from "../../protocol/errors.ts";
import type { Log } from "../../protocol/ports.ts";
import { readPartyConfig } from "../party/read-config.ts";
import { software } from "../version.ts";
import type { ConfiguredParty } from "./party-configs.ts";
import type { RunningParty } from "./party-process.ts";

export async function startInProcess(
  { identity: { name }, command, config: path }: ConfiguredParty,
  { trainer, log, onEvent }: { trainer: Pick<TrainerProcess, "learner">; log: Log; onEvent: (event: unknown) => void },
): Promise<RunningParty> {
  const controller = new AbortController();
  const { signal } = controller;
  const { raw, baseDir, password } = await readPartyConfig(path);
  const shared = { password, log: log.child(name), signal, onEvent };
  const running =
    command === "node"
      ? runHospitalNode(parseHospitalConfig(raw, { baseDir }), { ...shared, software, trainer })
      : runAggregator(parseAggregatorConfig(raw, { baseDir }), shared);
  const ended = running.then(
    () => undefined,
    (error: unknown) => {
      if (signal.aborted) return undefined;
      return isFedError(error) ? error : new FedError("PARTY_ENDED", { name }, { cause: error });
    },
  );
  return {
    name,
    ended,
    async stop() {
      controller.abort(new FedError("ABORTED", { what: "stopped" }));
      await ended;
    },
  };
}
