// What an audit says of the model that scores: by a report that consilium audit wrote, or by an audit that is made now.
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import type { ModelAudit } from "../../imaging/results/result-object.ts";

export interface ModelAuditOptions {
  readonly auditReport?: string | undefined;
  readonly runDir?: string | undefined;
  readonly federation?: string | undefined;
  readonly contract?: string | undefined;
  readonly chainId?: string | undefined;
  readonly rpc?: readonly string[] | undefined;
  readonly peer?: readonly string[] | undefined;
  readonly store?: readonly string[] | undefined;
  readonly json?: boolean | undefined;
}

/** The part of an audit's report that says which models are final. */
const reportSchema = z.object({
  version: z.literal(1),
  federation: z.object({ chainId: z.number().int(), contract: z.string().regex(/^0x[0-9a-fA-F]{40}$/) }),
  rounds: z.array(
    z.object({
      round: z.number().int().positive(),
      verdict: z.enum(["verified", "broken", "unavailable", "none"]),
      model: z
        .string()
        .regex(/^0x[0-9a-f]{64}$/)
        .optional(),
    }),
  ),
});
type Report = z.output<typeof reportSchema>;

const longestReport = 2 ** 28;

/** What an audit says of a model, by the name that its federation has for it. */
export interface NamedAudit extends ModelAudit {
  readonly model: string;
}

/**
 * @param names of the model: that of today first
 * @throws AUDIT_REPORT_MALFORMED, FILE_UNREADABLE, and those of an audit
 */
export async function auditOfModel(names: readonly string[], options: ModelAuditOptions): Promise<NamedAudit> {
  if (options.auditReport !== undefined) return verdictOn(names, await readReport(options.auditReport));
  const { runDir, federation, contract } = options;
  if (runDir === undefined && federation === undefined && contract === undefined) {
    const text = "Not audited: no audit's report and no contract were given.";
    return { verdict: "not audited", text, model: names[0]! };
  }
  return verdictOn(names, reportSchema.parse(await auditNow(options)));
}

async function readReport(file: string): Promise<Report> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new FedError("FILE_UNREADABLE", { file }, { cause, remedy: "check the path of --audit-report" });
  });
  try {
    if (bytes.length > longestReport) throw new FedError("AUDIT_REPORT_MALFORMED", { file });
    return reportSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw new FedError("AUDIT_REPORT_MALFORMED", { file }, { cause });
  }
}

async function auditNow(options: ModelAuditOptions): Promise<unknown> {
  const { runDir, contract, chainId, federation = "federation.json", rpc, peer, store, json } = options;
  // Here, since most predictions need no chain.
  const { recoverSigner } = await import("../../io/chain/signatures.ts");
  const { auditFederation } = await import("../../protocol/audit/audit-federation.ts");
  const { openTarget } = await import("../audit/sources.ts");
  const { readTarget } = await import("../audit/target.ts");
  const { watchAudit } = await import("../audit/watch.ts");
  const { signal } = new AbortController();
  const asked = { rpc: rpc ?? ["http://127.0.0.1:8545"], confirmations: "0", fromBlock: "0", federation };
  const named = { ...(contract !== undefined && { contract }), ...(chainId !== undefined && { chainId }) };
  const places = { ...(peer && { peer }), ...(store && { store }), ...(runDir !== undefined && { runDir }) };
  const sources = await openTarget(await readTarget({ ...asked, ...named, ...places }, rpc !== undefined), signal);
  try {
    const work = auditFederation(
      { ...sources, signatures: { recover: recoverSigner } },
      { maxModelBytes: 2 ** 31, signal },
    );
    return await watchAudit(work, { quiet: json === true });
  } finally {
    await sources.close();
  }
}

/** A model rests on all before it: the worst verdict of its round and of earlier ones is its own. */
function verdictOn(names: readonly string[], { federation: { chainId, contract }, rounds }: Report): NamedAudit {
  const where = `the federation of contract ${contract} on chain ${chainId}`;
  const own = rounds.find(({ model }) => model !== undefined && names.includes(model));
  if (!own) {
    const text = `Unknown model: it is no final model of ${where}.`;
    return { verdict: "unknown model", text, model: names[0]! };
  }
  const until = rounds.filter(({ round }) => round <= own.round).map(({ verdict }) => verdict);
  const verdict = (["broken", "unavailable"] as const).find((worse) => until.includes(worse)) ?? own.verdict;
  const meaning = {
    verified: "an audit derived it again from the hospitals' updates, to the byte",
    broken: "an audit found that something does not hold",
    unavailable: "an audit could not have all that it rests on",
    none: "the audit made no statement about it",
  }[verdict];
  const text = `${verdict}: final model of round ${own.round} of ${where}; ${meaning}.`;
  return { verdict, text, model: own.model! };
}
