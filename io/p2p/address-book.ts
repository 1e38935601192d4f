// The addresses of all members, as they signed them, in memory and in a file: a restarted node finds members again
// whose addresses nobody has configured.
import { open, readFile, rename } from "node:fs/promises";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { Log } from "../../protocol/ports.ts";
import type { Membership } from "./membership.ts";
import { decodeRecords, encodeRecords, openSignedAddresses, type SignedAddresses } from "./peer-records.ts";

export interface AddressBook {
  /** Members whose addresses are known. */
  peers(): readonly string[];
  addressesOf(peerId: string): readonly Multiaddr[];
  /** Records of members, to be passed on. */
  records(): readonly Uint8Array[];
  /**
   * Takes in records that another peer passed on; ignores those of strangers, malformed ones and older ones.
   * @returns whether anything was new
   */
  learn(records: readonly Uint8Array[]): Promise<boolean>;
}

export interface AddressBookOptions {
  readonly membership: Pick<Membership, "memberOf">;
  /** Own records are given to `onOwn` and not kept. */
  readonly self: string;
  readonly onOwn: (record: SignedAddresses) => void;
  /** Kept here over restarts; undefined keeps nothing. */
  readonly file?: string | undefined;
  readonly log: Log;
}

/** Opens the book; a damaged file is treated as absent. */
export async function openAddressBook(options: AddressBookOptions): Promise<AddressBook> {
  const { membership, self, onOwn, file, log } = options;
  const known = new Map<string, SignedAddresses>();
  /** The bytes of known records: each comes again and again from every member, and its signature is checked once. */
  const checked = new Set<string>();
  /** Of this node's own newest record, which comes with every list. */
  let ownChecked: string | undefined;
  const forget = (peerId: string) => {
    const record = known.get(peerId);
    if (record) checked.delete(textOf(record.bytes));
    known.delete(peerId);
  };
  let saving: Promise<void> = Promise.resolve();
  /** A save that has not begun: it will have what is learnt until then. */
  let nextSave: Promise<void> | undefined;

  const members = () => [...known.values()].filter(({ peerId }) => membership.memberOf(peerId) !== undefined);
  const save = (path: string) => {
    nextSave ??= saving = saving
      .then(() => {
        nextSave = undefined;
        return writeWholeFile(path, encodeRecords(members().map(({ bytes }) => bytes)));
      })
      .catch((error: Error) => log.warn("addresses-not-saved", { reason: error.message }));
    return nextSave;
  };
  const take = async (records: readonly Uint8Array[]): Promise<boolean> => {
    let isNew = false;
    for (const bytes of records) {
      if (checked.has(textOf(bytes)) || ownChecked === textOf(bytes)) continue;
      const record = await openSignedAddresses(bytes).catch(() => undefined);
      if (record === undefined || membership.memberOf(record.peerId) === undefined) continue;
      if (record.peerId === self) {
        ownChecked = textOf(bytes);
        onOwn(record);
        continue;
      }
      if (record.sequence <= (known.get(record.peerId)?.sequence ?? -1n)) continue;
      forget(record.peerId);
      known.set(record.peerId, record);
      checked.add(textOf(bytes));
      isNew = true;
    }
    return isNew;
  };

  if (file !== undefined) {
    const kept = await readFile(file).catch(() => new Uint8Array(0));
    try {
      await take(decodeRecords(kept));
    } catch {
      log.warn("addresses-unreadable", { file });
    }
  }
  return {
    peers: () => members().map(({ peerId }) => peerId),
    addressesOf: (peerId) => known.get(peerId)?.addresses ?? [],
    records: () => members().map(({ bytes }) => bytes),
    async learn(records) {
      const isNew = await take(records);
      if (isNew) for (const peerId of known.keys()) if (membership.memberOf(peerId) === undefined) forget(peerId);
      if (isNew && file !== undefined) await save(file);
      return isNew;
    },
  };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

async function writeWholeFile(path: string, bytes: Uint8Array): Promise<void> {
  const temp = `${path}.new`;
  const file = await open(temp, "w", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temp, path);
}
