// What a hospital must remember after a kill: the prepared update, its residual, the adopted model, what it has signed. This
// file lists the keys of its journal, but for the federation's (bind-notes.ts); related notes are written in one batch.
import { z } from "zod";
import { FedError } from "../foundation/errors.ts";
import type { Lineage } from "../protocol/contract/lineage.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import { canonicalBytes } from "../protocol/format/canonical.ts";
import type { RoundId } from "../protocol/format/digest.ts";
import { countField, digestField, roundField } from "../protocol/format/fields.ts";
import {
  decodeSignedWrite,
  encodeSignedWrite,
  nameOfWrite,
  type SignedWrite,
} from "../protocol/format/signed-write.ts";
import type { Journal } from "../protocol/ports.ts";

const preparedSchema = z
  .object({
    trainedIn: roundField,
    plan: digestField,
    base: digestField,
    update: digestField,
    updateBytes: countField,
    sampleCount: countField,
    shard: digestField,
    quarantine: digestField,
    finalLoss: z.number().finite().optional(),
    seconds: z.number().finite().optional(),
  })
  .strict();

/** An update whose bytes are stored; it waits for its commitment, or for the end of the round it was committed in. */
export type PreparedUpdate = z.output<typeof preparedSchema>;

const adoptedSchema = z.object({ round: roundField, model: digestField }).strict();
export type Adopted = z.output<typeof adoptedSchema>;

export interface Notes {
  readonly prepared: PreparedUpdate | undefined;
  /** The newest final model that this hospital has adopted. */
  readonly adopted: Adopted | undefined;
}

const keys = {
  prepared: "prepared", // also read by party/backup/back-up.ts
  preparedResidual: "prepared/residual",
  residual: "residual",
  adopted: "adopted",
  manifest: (round: RoundId) => `manifest/${round}`,
  /** A commitment or a vote for others to send; the name has the round second: signed/vote/7/... */
  signed: (name: string) => `signed/${name}`,
};

/** @throws JOURNAL_MALFORMED */
export async function readNotes(journal: Journal): Promise<Notes> {
  return {
    prepared: await read(journal, keys.prepared, preparedSchema),
    adopted: await read(journal, keys.adopted, adoptedSchema),
  };
}

/** The rounding remainder of the updates that went into models so far. */
export function readResidual(journal: Journal): Promise<Uint8Array | undefined> {
  return journal.get(keys.residual);
}

/** The update's bytes must be stored first. The residual takes effect only when the update has gone into a model. */
export async function notePrepared(journal: Journal, prepared: PreparedUpdate, residual?: Uint8Array): Promise<void> {
  await journal.write({ [keys.prepared]: canonicalBytes(prepared), [keys.preparedResidual]: residual });
}

/** Entries of a journal that forget the prepared update. */
export const withoutPrepared = { [keys.prepared]: undefined, [keys.preparedResidual]: undefined };

/** The manifest that was signed for a round before its commitment, so that a restart commits to the same bytes. */
export function readManifest(journal: Journal, round: RoundId): Promise<Uint8Array | undefined> {
  return journal.get(keys.manifest(round));
}

export async function noteManifest(journal: Journal, round: RoundId, manifest: Uint8Array): Promise<void> {
  await journal.write({ [keys.manifest(round)]: manifest });
}

/** What was signed for other members to send. @param name as nameOfWrite gives it @throws JOURNAL_MALFORMED */
export async function readSigned(journal: Journal, name: string): Promise<SignedWrite | undefined> {
  const key = keys.signed(name);
  const bytes = await journal.get(key);
  try {
    return bytes && decodeSignedWrite(bytes);
  } catch (cause) {
    throw malformed(key, cause);
  }
}

export async function noteSigned(journal: Journal, write: SignedWrite): Promise<void> {
  await journal.write({ [keys.signed(nameOfWrite(write))]: encodeSignedWrite(write) });
}

/**
 * Records an adopted model. If the prepared update went into it, its residual replaces the hospital's residual and the
 * update is removed; an update that went into no model leaves the residual unchanged.
 */
export async function noteAdopted(
  journal: Journal,
  { adopted, spent }: { adopted: Adopted; spent: boolean },
): Promise<void> {
  const signed = await journal.keys(keys.signed(""));
  // A vote on the adopted round's proposal may still be on its way to the record.
  const isOver = (key: string) => Number(key.split("/")[2]) < adopted.round;
  const stale = [...(await journal.keys("manifest/")), ...signed.filter(isOver)];
  const removals = Object.fromEntries(stale.map((key) => [key, undefined]));
  const settled = spent ? { [keys.residual]: { sameAs: keys.preparedResidual }, ...withoutPrepared } : {};
  await journal.write({ ...removals, ...settled, [keys.adopted]: canonicalBytes(adopted) });
}

/**
 * Forgets what belongs to rounds, in one batch with other notes; the residual of adopted updates stays.
 * @returns how many notes were dropped
 */
export async function dropRoundNotes(journal: Journal, written: Readonly<Record<string, Uint8Array>>): Promise<number> {
  const { prepared, preparedResidual, adopted } = keys;
  const single = [prepared, preparedResidual, adopted];
  const isOfRound = (key: string) => single.includes(key) || /^(manifest|signed|opening|answers)\//.test(key);
  const all = (await journal.keys("")).filter(isOfRound);
  await journal.write({ ...Object.fromEntries(all.map((key) => [key, undefined])), ...written });
  return all.length;
}

/**
 * Whether a deep reorganisation has replaced the adopted model. A chain that merely lags behind the notes, as an endpoint
 * may after a restart, does not count: its history must reach the round and contradict it.
 */
export function wasReplaced(adopted: Adopted | undefined, { finals, newest }: Lineage): boolean {
  if (!adopted || !newest || newest.id < adopted.round) return false;
  const final = finals.find(({ id }) => id === adopted.round);
  if (final) return final.model !== adopted.model;
  // The round is over without a final model.
  return newest.id > adopted.round || newest.status === "abandoned";
}

/** Whether a round's final model contains this hospital's update. */
export function wentInto(round: RoundState, self: string): boolean {
  const accepted = round.proposals.find(({ status }) => status === "accepted");
  return accepted?.included.some((member) => member === self) ?? false;
}

/** Parsed notes by their bytes: a hospital reads its notes at every observation, and the journal returns the same arrays. */
const parsed = new WeakMap<Uint8Array, unknown>();

async function read<T extends z.ZodTypeAny>(
  journal: Journal,
  key: string,
  schema: T,
): Promise<z.output<T> | undefined> {
  const bytes = await journal.get(key);
  if (bytes === undefined) return undefined;
  if (parsed.has(bytes)) return parsed.get(bytes) as z.output<T>;
  try {
    const note = schema.parse(JSON.parse(new TextDecoder().decode(bytes))) as z.output<T>;
    parsed.set(bytes, note);
    return note;
  } catch (cause) {
    throw malformed(key, cause);
  }
}

function malformed(key: string, cause: unknown): FedError {
  const remedy = "restore the store from a backup (consilium restore)";
  return new FedError("JOURNAL_MALFORMED", { key }, { cause, remedy });
}
