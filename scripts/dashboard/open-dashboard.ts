// Serves a page by the configuration's address and token.
import { readFile } from "node:fs/promises";
import type { DashboardFeed } from "../../dashboard/server/feed.ts";
import { type DashboardServing, serveDashboard } from "../../dashboard/server/serve.ts";
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { Listening } from "../../foundation/listening.ts";

/** Of a page for this machine alone; the next free port where another page has it. */
export const usualPlace = "127.0.0.1:4780";

export interface DashboardPlace {
  /** host:port. */
  readonly listen: string;
  readonly tokenFile?: string | undefined;
}

export interface OpenDashboard {
  /** For people: http://host:port/ */
  readonly url: string;
  close(): Promise<void>;
}

/** @throws FILE_UNREADABLE, DASHBOARD_TOKEN_MISSING, DASHBOARD_TOKEN_WEAK, DASHBOARD_LISTEN_FAILED */
export async function openDashboard(
  { listen, tokenFile }: DashboardPlace,
  feed: DashboardFeed,
  slices?: DashboardServing["slices"],
): Promise<OpenDashboard> {
  const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
  return opened(await serveDashboard(listen, { feed, token, slices }));
}

/** At the usual place, or at any free port of this machine where that is taken. */
export async function openLocalDashboard(
  feed: DashboardFeed,
  slices?: DashboardServing["slices"],
): Promise<OpenDashboard> {
  try {
    return opened(await serveDashboard(usualPlace, { feed, slices }));
  } catch (error) {
    if (!isFedError(error, "DASHBOARD_LISTEN_FAILED")) throw error;
    return opened(await serveDashboard("127.0.0.1:0", { feed, slices }));
  }
}

function opened({ address, close }: Listening): OpenDashboard {
  return { url: `http://${address}/`, close };
}

async function readToken(path: string): Promise<string> {
  try {
    const [first = ""] = (await readFile(path, "utf8")).split(/\r?\n/);
    return first.trim();
  } catch (cause) {
    const remedy = "check the path in the field dashboard.tokenFile";
    throw new FedError("FILE_UNREADABLE", { path }, { cause, remedy });
  }
}
