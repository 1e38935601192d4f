// An invitation: what a hospital needs to join a federation, in one file signed by the federation's owner or a member.
import { readFile } from "node:fs/promises";
import { stringify } from "yaml";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { sha256 } from "../../foundation/sha256.ts";
import { federationFileSchema } from "../../io/chain/federation-file.ts";
import { recoverSigner } from "../../io/chain/signatures.ts";
import { canonicalBytes } from "../../protocol/format/canonical.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import { digestField, signatureField } from "../../protocol/format/fields.ts";
import type { Signatures, TypedData } from "../../protocol/ports.ts";
import { parseConfigText } from "../party/config-text.ts";

const contentSchema = z
  .object({
    version: z.literal(1),
    /** The federation file's content: chain, contract and the contract's code. */
    federation: federationFileSchema,
    /** The plan that the members agreed on when the invitation was made; null: none yet. */
    plan: digestField.nullable(),
    /** RPC endpoints that anyone may use. */
    endpoints: z.array(z.string().url().max(300)).max(8),
    /** Multiaddrs of members. */
    peers: z.array(z.string().min(1).max(300)).max(32),
  })
  .strict();
const invitationSchema = contentSchema.extend({ signature: signatureField }).strict();

export type InvitationContent = Readonly<z.output<typeof contentSchema>>;
export type Invitation = Readonly<z.output<typeof invitationSchema>>;

const maxInvitationBytes = 64 << 10;

/** Signs the content. */
export async function makeInvitation(
  content: InvitationContent,
  signatures: Pick<Signatures, "sign">,
): Promise<Invitation> {
  const parsed = contentSchema.parse(content);
  return invitationSchema.parse({ ...parsed, signature: (await signatures.sign(typedData(parsed))).toLowerCase() });
}

/** The address whose key signed it; undefined for a signature that is none. */
export function signerOf({ signature, ...content }: Invitation): HospitalAddress | undefined {
  return recoverSigner(typedData(content), signature);
}

/** What both sides can read to each other by telephone: it changes with every byte of the content. */
export function fingerprintOf({ signature: _, ...content }: Invitation): string {
  return (contentDigest(content).slice(2, 18).match(/.{4}/g) ?? []).join(" ");
}

/** As a person reads it: YAML. */
export function invitationText(invitation: Invitation): string {
  const comment = "# An invitation to a federation: consilium join FILE. It holds no secret.\n";
  return comment + stringify(invitation, { lineWidth: 0 });
}

/** @throws INVITATION_MALFORMED */
export function parseInvitation(text: string): Invitation {
  if (text.length > maxInvitationBytes) throw new FedError("INVITATION_MALFORMED", { bytes: text.length });
  let value: unknown;
  try {
    value = parseConfigText(text, "invitation");
  } catch (cause) {
    throw new FedError("INVITATION_MALFORMED", {}, { cause });
  }
  const parsed = invitationSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new FedError(
    "INVITATION_MALFORMED",
    { field: parsed.error.issues[0]?.path.join(".") },
    { cause: parsed.error },
  );
}

/** @throws FILE_UNREADABLE, INVITATION_MALFORMED */
export async function readInvitation(path: string): Promise<Invitation> {
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new FedError("FILE_UNREADABLE", { path }, { cause });
  });
  return parseInvitation(text);
}

function contentDigest(content: InvitationContent): Digest {
  return `0x${Buffer.from(sha256(canonicalBytes(content))).toString("hex")}` as Digest;
}

function typedData(content: InvitationContent): TypedData {
  const { chainId, contract } = content.federation;
  return {
    domain: { name: "Consilium", version: "1", chainId, verifyingContract: contract },
    types: { Invitation: [{ name: "content", type: "bytes32" }] },
    message: { content: contentDigest(content) },
  };
}
