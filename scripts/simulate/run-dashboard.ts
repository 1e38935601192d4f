// The page of a simulation while it runs, and its record in the run's folder, from which `consilium runs open` serves the
// same page later.
import { rename, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { DashboardFeed } from "../../dashboard/server/feed.ts";
import { software } from "../../foundation/version.ts";
import type { FederationFile } from "../../io/chain/federation-file.ts";
import { type OpenLedger, openLedger } from "../../io/chain/ledger.ts";
import { storesOfRun } from "../audit/run-stores.ts";
import { type OpenDashboard, openLocalDashboard } from "../dashboard/open-dashboard.ts";
import { readGas, transactionsOf } from "../dashboard/read-gas.ts";
import { readAudited, readRecord, recordFile, roundScores, scoresShown } from "../dashboard/run-record.ts";
import { readSlices } from "../dashboard/slices.ts";
import { watchAudit } from "../dashboard/watch-audit.ts";
import { watchChain } from "../dashboard/watch-chain.ts";
import { type Looked, lookOnce, watchLooks } from "../dashboard/watch-looks.ts";
import type { Identity } from "./identities.ts";
import type { RoundTimes, SimulationEvent } from "./round-clock.ts";
import type { RunDirectory } from "./run-directory.ts";
import type { RoundScore, ScoredModel } from "./score-models.ts";

export interface RunDashboard {
  /** Undefined where none is served. */
  readonly url: string | undefined;
  stage(words: string): void;
  planned(rounds: number): void;
  parties(parties: { readonly aggregator: Identity; readonly hospitals: readonly Identity[] }): void;
  founded(federation: FederationFile, rpc: string): void;
  /** Parties that can be asked for what they see. */
  running(parties: readonly Looked[]): void;
  event(event: SimulationEvent): void;
  timed(times: readonly RoundTimes[]): void;
  /** Takes a last look before the parties stop, and keeps the record. */
  settle(): Promise<void>;
  scored(scored: { readonly models: readonly ScoredModel[]; readonly rounds: readonly RoundScore[] }): void;
  /** Takes in the report of the run's audit. */
  audited(): Promise<void>;
  /** Shows the end, keeps the record, and serves no more. Idempotent. */
  close(): Promise<void>;
}

/** How long the chain's reader of the page waits for a new block, milliseconds. */
const pollMs = 250;
const maxModelBytes = 2 ** 31;

/** A page that cannot be served costs the run nothing: it runs without. */
export async function openRunDashboard(
  run: RunDirectory,
  { serve }: { readonly serve: boolean },
): Promise<RunDashboard> {
  const isSynthetic = run.settings.archive === undefined;
  const about = {
    ...{ kind: "simulation" as const, title: basename(run.path), software, startedAt: Date.now() },
    ...{ stage: "starting", hasSlices: false },
  };
  // A resumed run continues its own record.
  const before = await readRecord(run.path);
  const feed = new DashboardFeed(
    before ? { ...before, about: { ...about, startedAt: before.about.startedAt } } : about,
  );
  const { tell } = feed;
  let ledger: OpenLedger | undefined;
  let isOpening = false;
  let place: { readonly federation: FederationFile; readonly rpc: string } | undefined;
  let parties: readonly Looked[] = [];
  let closed: Promise<void> | undefined;
  /** Opened when it is first needed. */
  const openOwn = async (): Promise<OpenLedger | undefined> => {
    if (!place) return undefined;
    const { federation, rpc } = place;
    const { chainId, contract, fromBlock } = federation;
    const open = await openLedger({ federation: { chainId, contract }, fromBlock, endpoints: [rpc], pollMs });
    if (closed) open.close();
    else ledger = open;
    return ledger;
  };
  const ledgerNow = () => {
    if (!place || isOpening) return ledger;
    isOpening = true;
    void openOwn().catch(() => {
      isOpening = false;
    });
    return ledger;
  };
  feed.watch(watchChain(ledgerNow));
  feed.watch(watchLooks(() => parties));
  let stores: readonly string[] = [];
  feed.watch(
    watchAudit(() => {
      if (!place || stores.length === 0 || feed.state.rounds.length === 0) return undefined;
      const { federation, rpc } = place;
      const { chainId, contract, fromBlock, codeDigest } = federation;
      const chain = { federation: { chainId, contract }, fromBlock, codeDigest, confirmations: 0, endpoints: [rpc] };
      return { target: { ...chain, peers: [], stores }, maxModelBytes };
    }),
  );
  const slices = () => readSlices(run.path);
  const server: OpenDashboard | undefined = serve
    ? await openLocalDashboard(feed, slices).catch(() => undefined)
    : undefined;
  const record = async () => {
    const temporary = run.at(`${recordFile}.tmp`);
    await writeFile(temporary, JSON.stringify(feed.state), { mode: 0o600 });
    await rename(temporary, run.at(recordFile));
  };
  const change = (changes: Partial<typeof feed.state.about>) => tell({ kind: "about", about: changes });
  const page: RunDashboard = {
    url: server?.url,
    stage: (stage) => change({ stage }),
    planned: (plannedRounds) => change({ plannedRounds, hasSlices: isSynthetic }),
    parties({ aggregator, hospitals }) {
      const members = [
        ...hospitals.map(({ address, name }) => ({ address, name, role: "hospital" as const })),
        { address: aggregator.address, name: aggregator.name, role: "aggregator" as const },
      ];
      tell({ kind: "names", members });
    },
    founded(federation, rpc) {
      place = { federation, rpc };
      change({ chainId: federation.chainId, contract: federation.contract });
    },
    running(running) {
      parties = running;
      void storesOfRun(run.path).then((found) => {
        stores = found;
      });
    },
    event(event) {
      tell({ kind: "event", event });
      if (event.event !== "round-opened" || stores.length >= parties.length) return;
      // The stores are made when the parties open.
      void storesOfRun(run.path).then((found) => {
        stores = found;
      });
    },
    timed: (times) => tell({ kind: "round-times", times }),
    async settle() {
      await lookOnce(parties, tell);
      parties = [];
      await record();
    },
    scored({ models, rounds }) {
      tell({ kind: "scores", scores: scoresShown(models) });
      tell(roundScores(rounds.map(({ round, scores }) => ({ round, ...scores }))));
    },
    async audited() {
      for (const input of await readAudited(run.path)) tell(input);
      // For the record: nobody may have looked. A run is not lost for its gas.
      const open = ledger ?? (await openOwn().catch(() => undefined));
      const transactions = open && (await transactionsOf(open).catch(() => undefined));
      if (open && transactions) tell({ kind: "gas", spent: await readGas(open, transactions, new Map()) });
    },
    close() {
      closed ??= (async () => {
        change({ endedAt: Date.now() });
        if (feed.state.rounds.length > 0) await record();
        await server?.close();
        ledger?.close();
      })();
      return closed;
    },
  };
  return page;
}
