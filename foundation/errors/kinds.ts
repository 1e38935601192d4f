// The kinds of errors: programs decide by kind where a whole group of codes means the same to them.

export const errorKinds = {
  general: "Ends of work that no other kind describes",
  blob: "An object could not be fetched, served or read; says nothing about the object's maker",
  store: "The folder of a party's objects and journal",
  peer: "Connections to other members",
  chain: "The chain's RPC endpoints, the ledger and chain keys",
  contract: "The contract refused a transaction",
  object: "The bytes of a plan, manifest, update, model, scores or refusal are wrong, for everyone who has them",
  audit: "Findings of an audit, and reasons why a hospital disagrees with a proposal",
  archive: "Reading CT, labels and archives, and writing shards",
  pacs: "The hospital's image server, from which an import reads",
  training: "Training, predicting and the networks",
  command: "Options, configurations, files and keys of the command line",
} as const;

/** The group of an error: programs decide by it where all its codes mean the same to them. @useDeclaredType */
export type ErrorKind = keyof typeof errorKinds;

export interface ErrorEntry {
  readonly kind: ErrorKind;
  /** What the reader can do: one sentence. A throw site may give a more specific one. */
  readonly remedy: string;
}

/** Entries of one kind from remedies by code. */
export function entriesOf<Code extends string>(
  kind: ErrorKind,
  remedies: Readonly<Record<Code, string>>,
): Readonly<Record<Code, ErrorEntry>> {
  const entries = Object.entries<string>(remedies).map(([code, remedy]) => [code, { kind, remedy }]);
  return Object.fromEntries(entries) as Record<Code, ErrorEntry>;
}
