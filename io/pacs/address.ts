// The address of a PACS as the command line takes it. It never holds credentials: every user of the machine can read it.
import { FedError } from "../../foundation/errors.ts";

export type PacsAddress = { readonly kind: "dicomweb"; readonly base: URL };

/** True for text that is an address of a PACS, and not the path of an archive. */
export function isPacsAddress(text: string): boolean {
  return /^dicomweb\+https?:\/\//i.test(text);
}

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * @param insecure accepts unencrypted connections to other machines
 * @throws PACS_ADDRESS
 */
export function parsePacsAddress(text: string, { insecure }: { readonly insecure: boolean }): PacsAddress {
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
  if (base.protocol === "http:" && !insecure && !loopback.test(base.hostname)) {
    const remedy =
      "use dicomweb+https, or --insecure-http where nobody can listen: patients' data would not be encrypted";
    throw new FedError("PACS_ADDRESS", { reason: "not encrypted" }, { remedy });
  }
  return { kind: "dicomweb", base };
}
