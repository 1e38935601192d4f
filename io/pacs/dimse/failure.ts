// Why a task of the DIMSE process failed, until the import makes an error of the table of it.
import type { FailureCode } from "./messages.ts";

export class DimseFailure extends Error {
  readonly code: FailureCode;
  readonly remedy: string | undefined;
  constructor(code: FailureCode, reason: string, remedy?: string) {
    super(reason);
    this.code = code;
    this.remedy = remedy;
  }
}

/** PS3.8 9.3.4: the PACS is busy (result 2), or does not know one of the two AE titles. */
export function rejection({ result, reason }: { readonly result: number; readonly reason: number }): DimseFailure {
  if (result === 2) return new DimseFailure("PACS_BUSY", "association rejected");
  const title = reason === 3 ? "calling " : reason === 7 ? "called " : "";
  return unknownTitle(`association rejected, ${title}AE title`);
}

export function unknownTitle(reason: string): DimseFailure {
  const remedy =
    "have the PACS administrator check both AE titles of the address, and register the calling one for this machine";
  return new DimseFailure("PACS_UNAUTHORISED", reason, remedy);
}

/** What a final status of C-FIND, C-GET or C-MOVE says: PS3.4 C.4. */
export function statusFailure(status: unknown): DimseFailure | undefined {
  // 0xB000: done, but for some instances, which the counts tell.
  if (status === 0 || status === 0xb000) return undefined;
  if (typeof status !== "number") return new DimseFailure("PACS_MALFORMED", "status");
  const reason = `status ${status.toString(16).padStart(4, "0")}`;
  if (status === 0xa701 || status === 0xa700) return new DimseFailure("PACS_BUSY", reason);
  if (status === 0x0124) return new DimseFailure("PACS_UNAUTHORISED", reason);
  if (status === 0xa801) {
    const remedy = "have the PACS administrator register the calling AE title at the host and port of --receive-at";
    return new DimseFailure("PACS_UNAUTHORISED", reason, remedy);
  }
  return new DimseFailure("PACS_REFUSED", reason);
}

/** The first of several failures, for those who wait for something else meanwhile. */
export interface FirstFailure {
  readonly failed: Promise<never>;
  fail(error: DimseFailure): void;
}

export function openFirstFailure(): FirstFailure {
  let fail: (error: DimseFailure) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // It may come when nobody waits any more.
  failed.catch(() => {});
  return { failed, fail };
}
