// Parties within this process, for federations of a hundred: the same code, keys and connections as processes of
// their own have, but one trainer, one reader of the chain and one store for all, each object over the network once, and
// each update checked once.
import { mkdir, symlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { runAggregator } from "../../aggregator/aggregator.ts";
import { parseAggregatorConfig } from "../../aggregator/config.ts";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { software } from "../../foundation/version.ts";
import { openChainReader } from "../../io/chain/chain-reader.ts";
import { readFederationFile } from "../../io/chain/federation-file.ts";
import { parseHospitalConfig } from "../../node/config.ts";
import { runHospitalNode } from "../../node/hospital-node.ts";
import { openTrainerProcess, type TrainerProcess } from "../../node/learner-process.ts";
import type { WatchedParty } from "../../party/open-party.ts";
import { openSharedParts, type SharedParts } from "../../party/shared-parts.ts";
import type { Log } from "../../protocol/ports.ts";
import { Lookout } from "../dashboard/lookout.ts";
import { readPartyConfig } from "../party/read-config.ts";
import type { ConfiguredParty } from "./party-configs.ts";
import type { RunningParty } from "./party-process.ts";

/** How often each party looks at the chain, and how old what another one has just read may be. */
const looking = { pollMs: 100, freshMs: 50 };

/** What the parties of one process share. */
export interface SharedProcess {
  start(party: ConfiguredParty, onEvent: (event: unknown) => void): Promise<RunningParty>;
  close(): Promise<void>;
}

/** @param trainer trains for all hospitals; one is started where none is given. @throws as openChainReader */
export async function openSharedProcess(options: {
  readonly federationFile: string;
  readonly rpc: string;
  readonly log: Log;
  /** Folder of the store that they share. */
  readonly store: string;
  readonly trainer?: Pick<TrainerProcess, "learner">;
}): Promise<SharedProcess> {
  const { log } = options;
  const { chainId, contract, fromBlock, codeDigest } = await readFederationFile(options.federationFile);
  const federation = { chainId, contract };
  const chain = { federation, fromBlock, codeDigest, endpoints: [options.rpc], ...looking };
  const reader = await openChainReader({ ...chain, log: log.child("chain") });
  const own = options.trainer === undefined ? openTrainerProcess({ log: log.child("trainer") }) : undefined;
  const trainer = options.trainer ?? (own as TrainerProcess);
  const shared = await openSharedParts(reader, options.store);
  return {
    async start(party, onEvent) {
      await linkStore(party.identity.dir, options.store);
      return startParty(party, { trainer, shared, log: log.child(party.identity.name), onEvent });
    },
    async close() {
      reader.close();
      await shared.store.close();
      await own?.close();
    },
  };
}

/** Whatever else looks for a party's objects, such as `consilium reproduce`, finds them where its configuration says. */
async function linkStore(partyDir: string, store: string): Promise<void> {
  const own = join(partyDir, "store");
  await mkdir(own, { recursive: true });
  await symlink(relative(own, store), join(own, "blobs")).catch((error: { code?: unknown }) => {
    if (error.code !== "EEXIST") throw error; // an earlier start's
  });
}

async function startParty(
  { identity: { name }, command, config: path }: ConfiguredParty,
  options: {
    trainer: Pick<TrainerProcess, "learner">;
    shared: SharedParts;
    log: Log;
    onEvent: (event: unknown) => void;
  },
): Promise<RunningParty> {
  const { trainer, ...party } = options;
  const controller = new AbortController();
  const { signal } = controller;
  const { raw, baseDir, password } = await readPartyConfig(path);
  const config = command === "node" ? parseHospitalConfig(raw, { baseDir }) : parseAggregatorConfig(raw, { baseDir });
  const lookout = new Lookout(config);
  const onOpen = (open: WatchedParty) => lookout.opened(open);
  const own = { ...party, log: lookout.noting(party.log), password, signal, onOpen };
  const running =
    "shard" in config ? runHospitalNode(config, { ...own, software, trainer }) : runAggregator(config, own);
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
    look: () => lookout.look(),
    async stop() {
      controller.abort(new FedError("ABORTED", { what: "stopped" }));
      await ended;
    },
  };
}
