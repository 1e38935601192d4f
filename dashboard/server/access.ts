// Who may read the page. On a loopback address every user of the machine may, but no web site whose name points there.
// Elsewhere: who gives the token, once in a form, then by a cookie that scripts cannot read.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { FedError } from "../../foundation/errors.ts";

const shortestToken = 16;
/** Wrong tokens of all readers together within a minute: guessing 16 characters takes for ever at this rate. */
const wrongAMinute = 10;
const cookieSeconds = 12 * 3600;

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

export type Standing = "reader" | "stranger" | "wrong-host";

export interface Access {
  standing(request: IncomingMessage): Standing;
  /** The cookie to set for a right token; "wrong", or "too-many" for the next minute. */
  enter(token: string, port: number): { readonly cookie: string } | "wrong" | "too-many";
}

/** @throws DASHBOARD_TOKEN_MISSING where others than this machine can reach it, DASHBOARD_TOKEN_WEAK */
export function openAccess(listen: string, token: string | undefined, now: () => number = Date.now): Access {
  const isLocal = loopback.test(hostOf(listen));
  if (token === undefined && !isLocal) throw new FedError("DASHBOARD_TOKEN_MISSING", { listen });
  if (token !== undefined && token.length < shortestToken)
    throw new FedError("DASHBOARD_TOKEN_WEAK", { shortestToken });
  const mark = (text: string) => createHmac("sha256", "consilium dashboard").update(text).digest();
  const expected = token === undefined ? undefined : mark(token);
  const session = expected?.toString("hex");
  let wrong: number[] = [];
  return {
    standing({ headers }) {
      // A page of another site whose name was made to point to this machine still sends that name.
      if (isLocal && !loopback.test(hostOf(headers.host ?? ""))) return "wrong-host";
      if (expected === undefined || session === undefined) return "reader";
      const [, bearer] = /^Bearer (.+)$/.exec(headers.authorization ?? "") ?? [];
      if (bearer !== undefined && timingSafeEqual(mark(bearer), expected)) return "reader";
      const given = [...(headers.cookie ?? "").matchAll(/(?:^|; )consilium-\d+=([0-9a-f]{64})(?=;|$)/g)];
      const isKnown = ([, value = ""]: RegExpMatchArray) => timingSafeEqual(mark(value), mark(session));
      return given.some(isKnown) ? "reader" : "stranger";
    },
    enter(given, port) {
      wrong = wrong.filter((time) => time > now() - 60_000);
      if (wrong.length >= wrongAMinute) return "too-many";
      if (expected !== undefined && timingSafeEqual(mark(given), expected)) {
        const cookie = `consilium-${port}=${session}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${cookieSeconds}`;
        return { cookie };
      }
      wrong.push(now());
      return "wrong";
    },
  };
}

function hostOf(hostAndPort: string): string {
  return hostAndPort.replace(/:\d+$/, "");
}
