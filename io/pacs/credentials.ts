// How this program shows a PACS who it is: user and password, or a bearer token from a file or a command, which is read again
// when the PACS no longer accepts it. Secrets are in no argument, message or log.
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { FedError } from "../../foundation/errors.ts";

export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly user: string; readonly password: string }
  /** @property read reads the token, which may be another one each time */
  | { readonly kind: "bearer"; readonly read: () => Promise<string> };

export interface Authorization {
  /** Value of the header; undefined without credentials. @throws PACS_TOKEN */
  value(): Promise<string | undefined>;
  /** Whether there may be another value than the refused one: it will be read again. */
  renew(refused: string | undefined): boolean;
}

export function authorizationOf(credentials: Credentials): Authorization {
  if (credentials.kind === "none") return { value: async () => undefined, renew: () => false };
  if (credentials.kind === "basic") {
    const { user, password } = credentials;
    const value = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    return { value: async () => value, renew: () => false };
  }
  let token: Promise<string> | undefined;
  let current: string | undefined;
  return {
    async value() {
      token ??= credentials.read();
      try {
        current = `Bearer ${checked(await token)}`;
        return current;
      } catch (error) {
        token = undefined;
        throw error;
      }
    },
    renew(refused) {
      // Several requests may be refused at once: only the first of them makes the token be read again.
      if (refused === current) token = undefined;
      return true;
    },
  };
}

/** RFC 6750 2.1. */
const tokenForm = /^[0-9A-Za-z\-._~+/]+=*$/;
const longestToken = 2 ** 16;

function checked(text: string): string {
  const token = text.trim();
  if (token.length > longestToken || !tokenForm.test(token)) throw new FedError("PACS_TOKEN", { reason: "form" });
  return token;
}

/** @throws PACS_TOKEN */
export function readTokenFile(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new FedError("PACS_TOKEN", { reason: error.code });
  });
}

const commandTimeoutMs = 60_000;

/**
 * What a command prints, run by the shell as the hospital wrote it. What it says on its error output may hold secrets and is
 * not repeated.
 *
 * @throws PACS_TOKEN
 */
export function readTokenCommand(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const refuse = (reason: string) => reject(new FedError("PACS_TOKEN", { reason }));
    const child = spawn(command, { shell: true, stdio: ["ignore", "pipe", "ignore"], timeout: commandTimeoutMs });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      if (text.length > longestToken) child.kill();
    });
    child.on("error", () => refuse("the command does not start"));
    child.on("close", (status) => (status === 0 ? resolve(text) : refuse(`the command ended with ${status}`)));
  });
}
