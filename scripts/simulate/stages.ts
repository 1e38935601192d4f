// The main job's stages, in order; each leaves something on disk that a later start finds and does not do again.
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type FederationFile, readFederationFile, writeFederationFile } from "../../io/chain/federation-file.ts";
import { abiDigest } from "../../io/chain/training-rounds.ts";
import type { Place } from "../../node/trainer-messages.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import type { Log } from "../../protocol/ports.ts";
import { type LoneTraining, trainAlone } from "./alone.ts";
import { auditRun } from "./audit-run.ts";
import { type Chain, startChain } from "./chain.ts";
import { type Data, prepareData } from "./data.ts";
import { drawExamples } from "./examples.ts";
import { drawExplanations } from "./explanations.ts";
import { startFederation } from "./federation.ts";
import { foundFederation } from "./found.ts";
import { ensureIdentity, hospitalName, type Identity } from "./identities.ts";
import { collectModels } from "./models.ts";
import { ensurePlan, wantedPlan } from "./plan.ts";
import { roundTable, scoreTable, whatNext, writeReport } from "./report.ts";
import type { RoundTimes, SimulationEvent } from "./round-clock.ts";
import { openRunDashboard, type RunDashboard } from "./run-dashboard.ts";
import type { RunDirectory } from "./run-directory.ts";
import { type RoundScore, type ScoredModel, Scorer } from "./score-models.ts";
import { done, openScreen, type Screen } from "./screen.ts";
import { showRounds } from "./show-rounds.ts";

export interface Outcome {
  readonly verified: boolean;
}

interface Parties {
  readonly admin: Identity;
  readonly aggregator: Identity;
  readonly hospitals: readonly Identity[];
}

/** @throws of the stage that failed; ABORTED */
export async function simulate(
  run: RunDirectory,
  { signal, json, dashboard, log }: { signal: AbortSignal; json: boolean; dashboard: boolean; log: Log },
): Promise<Outcome> {
  const screen = openScreen();
  const page = await openRunDashboard(run, { serve: dashboard });
  try {
    if (page.url) screen.say(done("dashboard", page.url));
    const { model } = await wantedPlan(run.settings);
    page.stage("preparing the data");
    const data = await prepareData(run, { input: model.input, screen }, signal);
    await drawExamples(run, data.pool);
    const { plan, genesis } = await ensurePlan(run, data.mostSlices);
    page.planned(plan.rounds);
    const parties: Parties = {
      admin: await ensureIdentity(run, "admin"),
      aggregator: await ensureIdentity(run, "aggregator"),
      hospitals: await Promise.all(data.shards.map((_, index) => ensureIdentity(run, hospitalName(index)))),
    };
    page.stage("founding the federation");
    page.parties(parties);
    const chain = await startChain({ journal: run.at("chain.ndjson"), port: run.settings.rpcPort });
    try {
      const federation = await ensureFederation(run, chain, { plan, genesis, ...parties }, signal);
      screen.say(done("federation", `${parties.hospitals.length} hospitals on chain, contract ${federation.contract}`));
      page.founded(federation, chain.url);
      page.stage("rounds");
      const times = await runRounds(run, screen, { chain, plan, parties, log, page }, signal);
      page.stage("comparing with each hospital alone");
      const models = await collectModels(run, federation, chain.url, parties.aggregator);
      const compared = comparisons(run, { data, parties });
      await trainAlone(
        compared,
        { plan, rounds: plan.rounds, genesis, log },
        { signal, onProgress: (name, step, steps) => screen.bar(name).update(step, steps) },
      );
      const alone = parties.hospitals.length > shownAlone ? `${shownAlone} hospitals` : "each hospital";
      screen.say(done("comparisons", `${alone} alone, all data pooled, and a control on shuffled labels`));
      const members = parties.hospitals.map(({ dir }, index): Place => {
        return { shard: data.shards[index]!, localWeights: join(dir, "store", "local-weights") };
      });
      const scored = await score({ plan, data, members, compared, models, log }, signal);
      const pointing = await drawExplanations(run, { plan, pool: data.pool, weights: models.at(-1)! }, signal);
      const facts = { hospitals: parties.hospitals.length, federation, ...(pointing && { pointing }) };
      await writeReport(run, { ...scored, times, facts });
      page.scored(scored);
      page.stage("auditing");
      screen.clear();
      if (!json) {
        if (times.length > 0) process.stdout.write(`\n${roundTable(times)}\n`);
        process.stdout.write(`\n${scoreTable(scored.models)}\n\n${whatNext(run)}\n\n`);
      }
      const verified = await auditRun(run, { rpc: chain.url, json, signal });
      await page.audited();
      page.stage(verified ? "verified" : "not verified");
      if (verified) await run.markFinished();
      return { verified };
    } finally {
      await page.close();
      await chain.stop();
    }
  } finally {
    await page.close();
    screen.clear();
  }
}

async function ensureFederation(
  run: RunDirectory,
  chain: Chain,
  input: Parties & { readonly plan: Plan; readonly genesis: Uint8Array },
  signal: AbortSignal,
): Promise<FederationFile> {
  const file = run.at("federation.json");
  if (run.done("federation")) return readFederationFile(file);
  const { admin, aggregator, hospitals, plan, genesis } = input;
  const founding = { rpc: chain.url, plan, genesis, admin, aggregators: [aggregator], hospitals };
  const { federation, fromBlock, codeDigest } = await foundFederation(run, founding, { signal });
  const record = { version: 1 as const, ...federation, fromBlock, codeDigest, abiDigest, predecessor: null };
  await rm(file, { force: true }); // of a start that was ended just here
  await writeFederationFile(file, record);
  await run.markDone("federation");
  return record;
}

async function runRounds(
  run: RunDirectory,
  screen: Screen,
  input: { chain: Chain; plan: Plan; parties: Parties; log: Log; page: RunDashboard },
  signal: AbortSignal,
): Promise<readonly RoundTimes[]> {
  const timesFile = run.at("rounds.json");
  if (run.done("rounds")) {
    return existsSync(timesFile) ? (JSON.parse(await readFile(timesFile, "utf8")) as RoundTimes[]) : [];
  }
  const { chain, plan, parties, log, page } = input;
  const show = showRounds(screen, plan, parties.hospitals);
  const onEvent = (event: SimulationEvent) => {
    show(event);
    page.event(event);
  };
  const running = await startFederation(run, parties, { rpc: chain.url, log, onEvent });
  page.running(running.parties);
  try {
    const clock = await running.finished(signal);
    const times = clock.times();
    await writeFile(timesFile, `${JSON.stringify(times, null, 2)}\n`);
    const training = times.reduce((sum, each) => sum + each.trainingSeconds, 0);
    page.timed(times);
    const overhead = times.reduce((sum, each) => sum + each.overheadSeconds, 0);
    await page.settle();
    await running.stop();
    await run.markDone("rounds");
    screen.say(
      done(
        "rounds",
        `${plan.rounds} final; ${training.toFixed(0)} s of training, ${overhead.toFixed(1)} s of all else`,
      ),
    );
    return times;
  } finally {
    await running.stop();
  }
}

/** Hospitals whose own models are trained and shown: a table of a hundred tells no more. */
const shownAlone = 8;

/** Every model that is scored beside the federated one, by the name of its row. */
function comparisons(run: RunDirectory, { data, parties }: { data: Data; parties: Parties }): readonly LoneTraining[] {
  const fileOf = (name: string) => run.at("models", `${name.replaceAll(" ", "-")}.safetensors`);
  const { seed } = run.settings;
  const pooled = [
    {
      name: "all data pooled",
      seedName: "pooled",
      place: { shard: data.pool, localWeights: run.at("pooled-weights") },
    },
    {
      name: "shuffled labels",
      seedName: "shuffled",
      place: { shard: data.pool, localWeights: run.at("shuffled-weights"), shuffleLabels: seed },
    },
  ];
  const alone = parties.hospitals.slice(0, shownAlone).map(({ name, address, dir }, index) => ({
    name: `${name} alone`,
    seedName: address,
    place: { shard: data.shards[index]!, localWeights: join(dir, "alone-weights") },
  }));
  // The long ones first: two train at the same time.
  return [...pooled, ...alone].map((each) => ({ ...each, modelFile: fileOf(each.name) }));
}

async function score(
  input: {
    readonly plan: Plan;
    readonly data: Data;
    readonly members: readonly Place[];
    readonly compared: readonly LoneTraining[];
    readonly models: readonly Uint8Array[];
    readonly log: Log;
  },
  signal: AbortSignal,
): Promise<{ models: readonly ScoredModel[]; rounds: readonly RoundScore[] }> {
  const { plan, data, members, compared, models, log } = input;
  const scorer = new Scorer(plan, log);
  // Under FedBN each hospital's patients are scored with the batch norm that stayed there.
  const pool: readonly Place[] = plan.model.normalisation === "batch-local" ? members : [{ shard: data.pool }];
  try {
    const rounds: RoundScore[] = [];
    for (const [index, weights] of models.entries()) {
      rounds.push(await scorer.scoreRound(index + 1, weights, pool, signal));
    }
    const federated = { name: "federated", weights: models.at(-1)!, validation: pool, test: pool };
    const scored = [await scorer.score(federated, signal)];
    for (const { name, place, modelFile } of compared) {
      const weights = await readFile(modelFile);
      const test = place.shuffleLabels === undefined ? { ...place, shard: data.pool } : place;
      scored.push(await scorer.score({ name, weights, validation: [place], test: [test] }, signal));
    }
    return { models: scored, rounds };
  } finally {
    await scorer.close();
  }
}
