// What a hospital without gas publishes for other members to send, while its process lives: published again until it is on
// chain, then reported. After a restart the journal has all that was signed.
import { isFedError } from "../foundation/errors.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import type { UnsignedWrite } from "../protocol/contract/write-signature.ts";
import { maxManifestBytes } from "../protocol/format/manifest.ts";
import { manifestObjects } from "../protocol/format/private-manifest.ts";
import { nameOfWrite, type SignedWrite } from "../protocol/format/signed-write.ts";
import type { BlobStore, Gossip, Journal, Ledger, Signatures, SignedWrites } from "../protocol/ports.ts";
import type { Emit } from "./events.ts";
import { readSigned } from "./notes.ts";
import { publishSigned } from "./sign-write.ts";
import { announceManifest } from "./submit-update.ts";
import type { Published } from "./view.ts";

interface Ports {
  readonly ledger: Ledger;
  readonly blobs: BlobStore;
  readonly gossip: Gossip;
  readonly journal: Journal;
  readonly signatures: Signatures;
  readonly signedWrites: SignedWrites;
}

export class Publications {
  readonly #published = new Map<string, Published>();
  readonly #ports: Ports;
  readonly #emit: Emit;
  #now = 0;

  constructor(ports: Ports, emit: Emit) {
    this.#ports = ports;
    this.#emit = emit;
  }

  /** Forgets earlier rounds. @param now chain time, seconds */
  follow(round: RoundState | undefined, now: number): ReadonlyMap<string, Published> {
    this.#now = now;
    for (const [name, { write }] of this.#published) if (round && write.round < round.id) this.#published.delete(name);
    return this.#published;
  }

  /** Publishes what was signed under a name before; undefined where nothing was. @throws JOURNAL_MALFORMED */
  async again(name: string): Promise<SignedWrite | undefined> {
    const signed = await readSigned(this.#ports.journal, name);
    return signed && this.publish(signed);
  }

  /** Signs and publishes, or publishes what was signed under this name before. @throws JOURNAL_MALFORMED */
  async publish(write: UnsignedWrite): Promise<SignedWrite> {
    const signed = await publishSigned(this.#ports, write);
    const name = nameOfWrite(signed);
    if (this.#published.has(name)) return signed;
    this.#published.set(name, { write: signed, since: this.#now });
    this.#emit({ event: "published", what: signed.kind, round: signed.round });
    return signed;
  }

  /** Says that a write is on chain, and announces the update of a commitment. */
  async report(write: SignedWrite, round: RoundState): Promise<void> {
    if (write.kind === "commitment") await this.#reportCommitment(write, round);
    else this.#emit({ event: "attested", round: write.round, proposal: write.proposal, agree: write.agree });
    this.#published.delete(nameOfWrite(write));
  }

  async #reportCommitment(
    { round: id, hospital, manifest: digest, sampleCount }: SignedWrite & { readonly kind: "commitment" },
    { commitments }: RoundState,
  ): Promise<void> {
    if (!commitments.some(({ member, manifest }) => member === hospital && manifest === digest)) return;
    const { blobs } = this.#ports;
    try {
      const manifest = await blobs.get(digest, { maxBytes: maxManifestBytes });
      const [update] = manifestObjects(manifest);
      this.#emit({ event: "committed", round: id, update, sampleCount });
      await announceManifest(this.#ports, { round: id, digest, bytes: manifest.byteLength });
    } catch (error) {
      // Members find the commitment on chain without the announcement.
      if (!isFedError(error, "BLOB_UNKNOWN")) throw error;
    }
  }
}
