// What collecting plain and masked updates have in common: its ports, its result about a wrong update, and the errors that an
// update's own bytes prove, apart from those of the network or the disk.
import { type ErrorCode, type ErrorFacts, type FedError, isFedError } from "../../foundation/errors.ts";
import type { Once } from "../../foundation/once.ts";
import type { HospitalAddress } from "../format/digest.ts";
import type { Signatures } from "../ports.ts";
import type { BlobPorts } from "./round-context.ts";
import type { SharedWork } from "./shared-work.ts";

export interface CollectPorts extends BlobPorts {
  /** Says which key signed a manifest. */
  readonly signatures: Pick<Signatures, "recover">;
  /** Results that the parties of one process share; without it this party checks everything itself. */
  readonly work?: SharedWork;
}

export interface InvalidUpdate {
  readonly status: "invalid";
  readonly member: HospitalAddress;
  /** Error code that every party with the bytes gets, and its facts. */
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;
}

/** An error that the update's own bytes prove. */
export class Proven extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;
  constructor({ code, facts }: Pick<FedError, "code" | "facts">) {
    super(code);
    this.code = code;
    this.facts = facts;
  }
}

/** Runs a check; what it finds wrong about the object is proven. */
export async function judge<T>(verify: () => T | Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    throw isFedError(error) && error.kind === "object" ? new Proven(error) : error;
  }
}

/** Shares a result among the parties of one process, where they share. */
export function once<T>(shared: Once<T> | undefined, inputs: unknown, compute: () => Promise<T>): Promise<T> {
  return shared ? shared.of(inputs, compute) : compute();
}
