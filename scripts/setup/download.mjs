// A large download that goes on where it ended: in this process after a broken transfer, and at the next start after a kill.
// Its bytes count only with the expected digest. Plain JavaScript for any Node from 18 on, as the rest of the set-up.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { SetupError } from "./setup-error.mjs";
import { say } from "./step.mjs";

/** Transfers in a row that bring nothing before the download is given up. */
const mostVain = 4;
/** A line that brings nothing for so long is broken. */
const silentMs = 30_000;
const remedy = "check the connection to the package registry, then run this again: it goes on where it ended";

/**
 * Brings `url` to `file`, with its progress on stderr.
 * @param {string} url may have user:password@, sent as basic authentication
 * @param {string} file
 * @param {{ algorithm: string, hex: string, retryMs?: number, show?: (text: string) => void }} options
 * @throws {SetupError}
 */
export async function download(url, file, { algorithm, hex, retryMs = 2000, show = say }) {
  const part = `${file}.part`;
  await mkdir(dirname(file), { recursive: true });
  const release = await lock(`${part}.lock`);
  try {
    for (let vain = 0; ; ) {
      const before = await sizeOf(part);
      try {
        await transfer(url, part, progressOf(basename(file), show));
        break;
      } catch (error) {
        if (error instanceof SetupError) throw error;
        const after = await sizeOf(part);
        vain = after > before ? 0 : vain + 1;
        if (vain >= mostVain)
          throw new SetupError(`the download of ${basename(file)} ended at ${megabytes(after)}`, remedy);
        show(`${basename(file)}: the line broke at ${megabytes(after)}; going on`);
        await new Promise((resolve) => setTimeout(resolve, retryMs * Math.max(1, vain)));
      }
    }
    const hash = createHash(algorithm);
    await pipeline(createReadStream(part), hash);
    if (hash.digest("hex") !== hex) {
      await rm(part);
      throw new SetupError(
        `${basename(file)} is not the file that was expected`,
        "ask the registry's operator: its bytes have another digest",
      );
    }
    await rename(part, file);
  } finally {
    await release();
  }
}

/**
 * The same, where another program stands by that follows proxies and logins which this one does not know.
 * @returns {Promise<boolean>} false if nothing could be had: `other` is to be tried. @throws {SetupError} if the line ends halfway
 */
export async function downloadOr(other, url, file, options) {
  try {
    await download(url, file, options);
    return true;
  } catch (error) {
    if (!(error instanceof SetupError) || (await sizeOf(`${file}.part`)) > 0) throw error;
    say(`${error.message}: trying ${other}`);
    return false;
  }
}

async function transfer(url, part, onBytes) {
  const { href, headers } = withoutCredentials(url);
  const have = await sizeOf(part);
  const life = new AbortController();
  let timer = setTimeout(() => life.abort(), silentMs);
  try {
    const range = have > 0 ? { range: `bytes=${have}-` } : {};
    const response = await fetch(href, {
      headers: { ...headers, ...range, "accept-encoding": "identity" },
      signal: life.signal,
    });
    const { status } = response;
    if (status === 416) return; // all of it is there: the digest says whether it is right
    if (status >= 500 || status === 429) throw new Error(`status ${status}`);
    if (status !== 200 && status !== 206)
      throw new SetupError(`the registry answers ${status} for ${basename(part, ".part")}`, remedy);
    const [, first, total] = /bytes (\d+)-\d+\/(\d+)/.exec(response.headers.get("content-range") ?? "") ?? [];
    const start = status === 206 ? Number(first) : 0;
    if (start > have) throw new Error("the server began further on");
    const size = status === 206 ? Number(total) : Number(response.headers.get("content-length") ?? 0);
    let done = start;
    const counting = new Transform({
      transform(chunk, _, next) {
        clearTimeout(timer);
        timer = setTimeout(() => life.abort(), silentMs);
        done += chunk.length;
        onBytes(done, size);
        next(null, chunk);
      },
    });
    // Opened for writing at a place: a server without ranges begins anew.
    await (await open(part, "a")).close();
    const out = createWriteStream(part, { flags: "r+", start });
    await pipeline(Readable.fromWeb(response.body), counting, out);
    if (size > 0 && done < size) throw new Error("cut off");
  } finally {
    clearTimeout(timer);
  }
}

/** A line at each tenth: a log stays short, and a person sees that it goes on. */
function progressOf(name, show) {
  let shown = 0;
  return (done, size) => {
    const tenth = size > 0 ? Math.floor((10 * done) / size) : 0;
    if (tenth <= shown) return;
    shown = tenth;
    show(`${name}: ${megabytes(done)} of ${megabytes(size)}`);
  };
}

function withoutCredentials(url) {
  const { username, password } = new URL(url);
  if (username === "") return { href: url, headers: {} };
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { href: bare.href, headers: { authorization: `Basic ${Buffer.from(pair).toString("base64")}` } };
}

/** Two at once would write into each other's file. A lock whose process has ended is taken over. */
async function lock(path) {
  for (;;) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = Number(await readFile(path, "utf8").catch(() => ""));
    if (holder > 0 && isRunning(holder)) {
      throw new SetupError(
        `process ${holder} downloads ${basename(path, ".part.lock")} already`,
        "wait for it, then run this again",
      );
    }
    await rm(path, { force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

async function sizeOf(path) {
  return (await stat(path).catch(() => ({ size: 0 }))).size;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
