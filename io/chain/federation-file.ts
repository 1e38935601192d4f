// The federation file: the chain, address and code of a federation's contract. `consilium deploy` writes it, every other
// command reads it. It holds no secret.
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import type { HospitalAddress } from "../../protocol/format/digest.ts";
import { addressField, countField } from "../../protocol/format/fields.ts";
import { writeNewFile } from "./new-file.ts";
import { abiDigest } from "./training-rounds.ts";

const keccakField = z.string().regex(/^0x[0-9a-f]{64}$/);

/** Also a part of an invitation. */
export const federationFileSchema = z
  .object({
    version: z.literal(1).describe("Of this file's format."),
    chainId: z.number().int().positive().safe().describe("Id of the chain; an endpoint of another chain is refused."),
    contract: addressField.describe("Address of the federation's contract."),
    fromBlock: countField.describe("Block of the contract's creation: events are read from here on."),
    codeDigest: keccakField.describe("Keccak-256 of the contract's code on chain."),
    abiDigest: keccakField.describe(
      "Keccak-256 of the contract's interface: programs with the same digest use the same calls and events.",
    ),
    predecessor: addressField.nullable().describe("Contract of the federation that this one continues; null: none."),
  })
  .strict();

export type FederationFile = Readonly<z.output<typeof federationFileSchema>>;

const longest = 64 << 10;

/**
 * Reads a federation file and checks that this program has the interface of its contract.
 * @throws FEDERATION_FILE_MISSING, FEDERATION_FILE_MALFORMED, FEDERATION_ABI_MISMATCH
 */
export async function readFederationFile(path: string): Promise<FederationFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const remedy = "give the file that consilium deploy wrote, or that the federation's founder sent you";
    throw new FedError("FEDERATION_FILE_MISSING", { path }, { cause, remedy });
  }
  const file = parseFederationFile(text, path);
  requireKnownAbi(file.abiDigest, path);
  return file;
}

/** Passes if no digest is given. @throws FEDERATION_ABI_MISMATCH */
export function requireKnownAbi(found: unknown, path: string): void {
  if (found === undefined || found === abiDigest) return;
  throw new FedError("FEDERATION_ABI_MISMATCH", { path, expected: abiDigest, found: String(found) });
}

/** Writes a new federation file. @throws FILE_EXISTS, FILE_UNWRITABLE */
export async function writeFederationFile(path: string, file: FederationFile): Promise<void> {
  await writeNewFile(path, `${JSON.stringify(federationFileSchema.parse(file), null, 2)}\n`, { mode: 0o644 });
}

/** The content of the file for a federation that was just founded. */
export function describeFederation(founded: {
  readonly federation: { readonly chainId: number; readonly contract: HospitalAddress };
  readonly fromBlock: number;
  readonly codeDigest: string;
  readonly predecessor: HospitalAddress | undefined;
}): FederationFile {
  const { federation, fromBlock, codeDigest, predecessor = null } = founded;
  return { version: 1, ...federation, fromBlock, codeDigest, abiDigest, predecessor };
}

function parseFederationFile(text: string, path: string): FederationFile {
  const malformed = (where: string, cause: unknown) =>
    new FedError(
      "FEDERATION_FILE_MALFORMED",
      { path, where },
      { cause, remedy: "this is not a whole federation file: ask the founder for it again" },
    );
  if (text.length > longest) throw malformed("size", undefined);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed("json", cause);
  }
  const parsed = federationFileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys.join(",") : "";
  throw malformed(issue?.path.join(".") || unknown || "root", parsed.error);
}
