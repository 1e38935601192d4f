// How a PACS refuses or fails: by status of DICOMweb, by TLS, by the connection; and which failures may pass.
import { FedError, isFedError } from "../../foundation/errors.ts";

/** Whether the same request may succeed a little later. */
export function isPassing(error: unknown): boolean {
  return isFedError(
    error,
    ...([
      "PACS_UNREACHABLE",
      "PACS_BUSY",
      "PACS_SLOW",
      "PACS_TRUNCATED",
      "PACS_MALFORMED",
      "PACS_READER_ENDED",
    ] as const),
  );
}

/** Longer waits that a server asks for are cut to this. */
const longestRetryAfterMs = 60_000;

/** The wait that a busy server asks for, milliseconds; 0 where it asks for none. */
export function retryAfterMs(error: unknown): number {
  const seconds = isFedError(error, "PACS_BUSY") ? Number(error.facts["retryAfterSeconds"] ?? 0) : 0;
  return Math.min(seconds * 1000, longestRetryAfterMs);
}

/** @throws PACS_UNAUTHORISED, PACS_UNREACHABLE, PACS_GONE, PACS_BUSY, PACS_REFUSED */
export function refuseStatus(status: number, headers: Readonly<Record<string, unknown>>, server: string): void {
  if (status === 200 || status === 204) return;
  const facts = { server, status };
  if (status === 401 || status === 403) throw new FedError("PACS_UNAUTHORISED", facts);
  if (status === 407) throw new FedError("PACS_UNREACHABLE", facts, { remedy: "the proxy wants other credentials" });
  if (status === 404 || status === 410) throw new FedError("PACS_GONE", facts);
  if (status === 429 || status === 503) {
    const seconds = Number(headers["retry-after"] ?? 0);
    throw new FedError("PACS_BUSY", { ...facts, ...(seconds > 0 && { retryAfterSeconds: seconds }) });
  }
  if (status === 502 || status === 504) throw new FedError("PACS_UNREACHABLE", facts);
  // A redirection could lead credentials and patients' data to another host.
  const remedy = status >= 300 && status < 400 ? "give the address to which the server redirects" : undefined;
  throw new FedError("PACS_REFUSED", facts, { remedy });
}

/** Errors of TLS that no second try mends. */
const certificateCodes =
  /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT|ERR_SSL_.*CERT|ERR_SSL_TLSV1_ALERT_UNKNOWN_CA|ERR_SSL_TLSV13_ALERT)/;

/** What an error of the connection means. */
export function connectionError(error: unknown, server: string): FedError {
  const { code: own, name, cause } = error as { code?: unknown; name?: unknown; cause?: { code?: unknown } };
  const reason = String(cause?.code ?? own ?? name);
  // The error itself is left out: it may quote an address with credentials, such as the proxy's.
  if (reason === "UND_ERR_HEADERS_TIMEOUT") return new FedError("PACS_SLOW", { server });
  return new FedError(certificateCodes.test(reason) ? "PACS_CERTIFICATE" : "PACS_UNREACHABLE", { server, reason });
}
