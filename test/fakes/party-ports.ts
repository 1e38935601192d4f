// The small ports in memory: a journal that outlives its process, signatures without cryptography, a log that prints nothing.
import { createHash } from "node:crypto";
import type { ErrorFacts } from "../../foundation/errors.ts";
import type { HospitalAddress } from "../../protocol/format/digest.ts";
import type { Journal, Log, NoteValue, SecretFiles, Signatures, TypedData } from "../../protocol/ports.ts";

export class FakeJournal implements Journal {
  readonly entries = new Map<string, Uint8Array>();

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.entries.get(key);
  }

  async write(entries: Readonly<Record<string, NoteValue>>): Promise<void> {
    const before = new Map(this.entries);
    for (const [key, given] of Object.entries(entries)) {
      const value = given === undefined || given instanceof Uint8Array ? given : before.get(given.sameAs);
      if (value === undefined) this.entries.delete(key);
      else this.entries.set(key, value.slice());
    }
  }

  async keys(prefix: string): Promise<readonly string[]> {
    return [...this.entries.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}

/** Secrets that outlive their process. */
export class FakeSecrets implements SecretFiles {
  readonly files = new Map<string, Uint8Array>();

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.files.get(name);
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    this.files.set(name, bytes.slice());
  }

  async erase(name: string): Promise<void> {
    this.files.delete(name);
  }

  async names(): Promise<readonly string[]> {
    return [...this.files.keys()].sort();
  }
}

/** A signature is the signer's address and a hash of the data: tests can forge it. */
export function fakeSignatures(self: HospitalAddress): Signatures {
  const hashOf = (data: TypedData) =>
    createHash("sha256").update(JSON.stringify(data, (_, value) => (typeof value === "bigint" ? `${value}` : value)));
  const signatureBy = (signer: string, data: TypedData): `0x${string}` =>
    `0x${signer.slice(2)}${hashOf(data).digest("hex")}${"00".repeat(13)}`;
  return {
    sign: async (data) => signatureBy(self, data),
    recover: (data, signature) => {
      const signer = `0x${signature.slice(2, 42)}` as HospitalAddress;
      return signatureBy(signer, data) === signature ? signer : undefined;
    },
  };
}

export class FakeLog implements Log {
  readonly lines: { readonly level: string; readonly event: string; readonly facts: ErrorFacts }[] = [];

  child(): Log {
    return this;
  }

  debug(event: string, facts: ErrorFacts = {}): void {
    this.lines.push({ level: "debug", event, facts });
  }

  info(event: string, facts: ErrorFacts = {}): void {
    this.lines.push({ level: "info", event, facts });
  }

  warn(event: string, facts: ErrorFacts = {}): void {
    this.lines.push({ level: "warn", event, facts });
  }

  error(event: string, facts: ErrorFacts = {}): void {
    this.lines.push({ level: "error", event, facts });
  }
}

/** 32 bytes, the same for the same name. */
export function secretOf(name: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(name).digest());
}
