// The address of an RPC endpoint, split into what is requested, what is sent as a header, and what logs may show.

export interface RpcAddress {
  /** Without user name and password: fetch refuses addresses that hold them. */
  readonly target: URL;
  /** Value of the authorization header; undefined without user name and password. */
  readonly authorization: string | undefined;
  /** Host and port: credentials are in the user, the path and the query, so these are never shown. */
  readonly name: string;
}

export function rpcAddressOf(url: string): RpcAddress {
  const target = new URL(url);
  const { username, password, host: name } = target;
  target.username = "";
  target.password = "";
  if (username === "" && password === "") return { target, authorization: undefined, name };
  const credentials = `${decoded(username)}:${decoded(password)}`;
  return { target, authorization: `Basic ${Buffer.from(credentials).toString("base64")}`, name };
}

/** The endpoint as logs and errors may show it. */
export function endpointName(url: string): string {
  return new URL(url).host;
}

/** A text from or about an endpoint, printable and without the parts of the endpoint's address that may be secret. */
export function withoutSecrets(text: string, url: string): string {
  const { username, password, pathname, search, searchParams } = new URL(url);
  const parts = [username, password, ...pathname.split("/"), ...search.split(/[?&=]/), ...searchParams.values()];
  const secrets = parts
    .flatMap((part) => [part, decoded(part), encodeURIComponent(decoded(part))])
    .filter((part) => part.length >= shortestSecret)
    // A secret that is a part of another one must not leave the rest of it.
    .sort((a, b) => b.length - a.length);
  const shown = secrets.reduce((left, secret) => left.replace(ignoringCase(secret), "…"), text);
  return shown.replace(/[^\x20-\x7e…]/g, "?");
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a lone % means itself
  }
}

/** Shorter parts, such as "v3", are no secrets. */
const shortestSecret = 6;

/**
 * Where a redirect leads, or undefined where it must not be followed: only within the same host, so that an endpoint
 * cannot make this program send requests to hosts inside its network; and never from https to http.
 */
export function redirectTarget(from: URL, location: string | null): URL | undefined {
  if (location === null || !URL.canParse(location, from.href)) return undefined;
  const to = new URL(location, from);
  const isUpgrade = from.protocol === "http:" && to.protocol === "https:" && from.port === "" && to.port === "";
  const isSame = to.protocol === from.protocol && to.port === from.port;
  if (to.hostname !== from.hostname || !(isSame || isUpgrade)) return undefined;
  to.username = "";
  to.password = "";
  return to;
}

/** Percent-encodings are the same in capitals and small letters. */
function ignoringCase(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), "gi");
}
