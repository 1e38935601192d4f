// What an object says that it is, whatever bytes it has.

/** The field `kind` of a JSON object; undefined for anything else. */
export function kindOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] !== 0x7b) return undefined;
  try {
    return (JSON.parse(new TextDecoder().decode(bytes)) as { readonly kind?: string }).kind;
  } catch {
    return undefined;
  }
}
