// The address of a PACS as the command line takes it. It never holds credentials: every user of the machine can read it.
import { FedError } from "../../foundation/errors.ts";

export type PacsAddress =
  | { readonly kind: "dicomweb"; readonly base: URL }
  /** AE titles: ours, and the PACS's. */
  | {
      readonly kind: "dimse";
      readonly calling: string;
      readonly called: string;
      readonly host: string;
      readonly port: number;
      readonly isEncrypted: boolean;
    };

/** True for text that is an address of a PACS, and not the path of an archive. */
export function isPacsAddress(text: string): boolean {
  return /^(dicomweb\+https?|dimses?):\/\//i.test(text);
}

const loopback = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/;

/**
 * @param insecure accepts unencrypted connections to other machines
 * @throws PACS_ADDRESS
 */
export function parsePacsAddress(text: string, { insecure }: { readonly insecure: boolean }): PacsAddress {
  if (/^dimse/i.test(text)) return parseDimseAddress(text, insecure);
  const written = text.replace(/^dicomweb\+/i, "");
  if (!isPacsAddress(text) || !URL.canParse(written)) throw new FedError("PACS_ADDRESS");
  const base = new URL(written);
  if (base.username !== "" || base.password !== "") {
    const remedy = "leave user and password out of the address: --user, --pacs-password-file, --token-file";
    throw new FedError("PACS_ADDRESS", { reason: "credentials" }, { remedy });
  }
  if (base.search !== "" || base.hash !== "") {
    throw new FedError("PACS_ADDRESS", { reason: "query" }, { remedy: "give what to look for with --query" });
  }
  if (base.protocol === "http:" && !insecure && !loopback.test(base.hostname)) throw notEncrypted("dicomweb+https");
  return { kind: "dicomweb", base };
}

/** AE titles have up to 16 characters (PS3.5 6.2), of which these can be written in an address. */
const dimseForm = /^(dimses?):\/\/([\w .-]{1,16}):([\w .-]{1,16})@(\[[0-9a-f:]+\]|[\w.-]+):(\d{1,5})\/?$/i;

function parseDimseAddress(text: string, insecure: boolean): PacsAddress {
  const [, scheme, calling = "", called = "", host = "", digits] = dimseForm.exec(text) ?? [];
  const port = Number(digits);
  if (scheme === undefined || port < 1 || port > 65_535 || calling.trim() === "" || called.trim() === "") {
    throw new FedError("PACS_ADDRESS");
  }
  const isEncrypted = scheme.toLowerCase() === "dimses";
  if (!isEncrypted && !insecure && !loopback.test(host)) throw notEncrypted("dimses");
  const bare = host.replace(/^\[|\]$/g, "");
  return { kind: "dimse", calling: calling.trim(), called: called.trim(), host: bare, port, isEncrypted };
}

function notEncrypted(scheme: string): FedError {
  const remedy = `use ${scheme}, or --insecure-http where nobody can listen: patients' data would not be encrypted`;
  return new FedError("PACS_ADDRESS", { reason: "not encrypted" }, { remedy });
}
