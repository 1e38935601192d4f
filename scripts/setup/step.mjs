// Shared by the set-up steps: the user's cache and the place for all users, a temporary build folder, and running tools quietly.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { SetupError } from "./setup-error.mjs";

/** Per-user cache: a second clone downloads nothing. */
export const cacheDir = cacheDirOf(process.env);

/**
 * Empty is unset (XDG base directories). Absolute, since links into it would point elsewhere from another folder.
 * @param {{ CONSILIUM_CACHE?: string, XDG_CACHE_HOME?: string }} environment
 */
export function cacheDirOf({ CONSILIUM_CACHE, XDG_CACHE_HOME }) {
  return resolve(CONSILIUM_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "consilium"));
}

/** One place for all users of a machine, which only an administrator can write to. */
const sharedDir = process.env.CONSILIUM_SHARED || "/usr/local/lib/consilium";
const isCheckout = existsSync(new URL("../../package-lock.json", import.meta.url));

/**
 * Where a folder of the set-up is, or else where it goes: an administrator who installed the package puts it where all users
 * find it, anybody else into the own cache. foundation/fetched-packages.ts looks in the same places.
 */
export function placeOf(name) {
  const own = join(cacheDir, name);
  const shared = join(sharedDir, name);
  if (existsSync(own)) return own;
  if (existsSync(shared) && isTrusted(sharedDir)) return shared;
  return !isCheckout && !process.env.CONSILIUM_CACHE && process.getuid?.() === 0 && makeShared() ? shared : own;
}

/** Code is taken from a folder only if nobody else can write there. */
function isTrusted(folder) {
  const { uid, mode } = statSync(folder);
  return (uid === 0 || uid === process.getuid?.()) && (mode & 0o022) === 0;
}

function makeShared() {
  try {
    process.umask(0o022); // all users read it, also where the administrator's files are private
    mkdirSync(sharedDir, { recursive: true });
    accessSync(sharedDir, constants.W_OK);
    return isTrusted(sharedDir);
  } catch {
    return false; // a machine whose /usr is read-only
  }
}

/** Prints on stderr what takes time; stdout belongs to the command. */
export function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

/**
 * Runs a tool to its end, keeping its output for the error only.
 * @throws {SetupError} with the last lines of its output
 */
export function run(file, args, { env = process.env, cwd, remedy }) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output = (output + chunk).slice(-20_000);
      });
    }
    child.on("error", () => reject(new SetupError(`${file} could not be started`, remedy)));
    child.on("close", (code) => {
      if (code === 0) return resolve(output);
      const tail = output.trim().split("\n").slice(-8).join("\n  ");
      reject(new SetupError(`${file} ${args.slice(0, 3).join(" ")} failed:\n  ${tail}`, remedy));
    });
  });
}

/**
 * Builds a folder of the cache in a temporary place and renames it when it is complete,
 * so that an interrupted set-up, or two at once, never leave half a folder.
 */
export async function buildOnce(folder, build) {
  const temporary = `${folder}.${process.pid}.tmp`;
  await rm(temporary, { recursive: true, force: true }).catch(unwritable(folder));
  await mkdir(temporary, { recursive: true }).catch(unwritable(folder));
  try {
    await build(temporary);
    await rename(temporary, folder).catch((error) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error; // another set-up was first
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** A service user may have no home folder, or one that it cannot write to. */
function unwritable(folder) {
  return (error) => {
    throw new SetupError(
      `the set-up cannot write ${folder} (${error.code})`,
      "set CONSILIUM_CACHE to a folder that this user can write to",
    );
  };
}

/** Hidden files, backups, and Word's locks. */
const leftByTools = /^\.|^~|^#.*#$|^(__MACOSX|@eaDir)$/;

/**
 * SHA-256 over the relative names and the texts of files, and in folders of the contracts, in a fixed order: the same wherever
 * the checkout lies, with lines that end as on Windows too, and whatever file managers and editors leave beside the contracts,
 * so that nothing is installed or compiled again for it.
 */
export async function digestOf(...paths) {
  const hash = createHash("sha256");
  const add = async (path, name) => {
    const contents = (await readFile(path, "latin1")).replaceAll("\r\n", "\n");
    hash.update(JSON.stringify([name, contents.length])).update(contents, "latin1");
  };
  const visit = async (folder, name) => {
    const children = await readdir(folder, { withFileTypes: true });
    for (const child of children.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (leftByTools.test(child.name)) continue;
      const [inner, innerName] = [join(folder, child.name), `${name}/${child.name}`];
      // Never through a link to a folder, which may be a loop.
      if (child.isDirectory()) await visit(inner, innerName);
      else if (child.name.endsWith(".sol") && isFile(inner)) await add(inner, innerName);
    }
  };
  for (const path of paths) await (isFile(path) ? add : visit)(path, basename(path));
  return hash.digest("hex");
}

/** Also of a link to a file; not one that leads nowhere. */
function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** What a set-up step wrote when it was done: a digest, and what an editor may have put behind it. */
export async function readStamp(path) {
  return (await readFile(path, "utf8").catch(() => "")).trim();
}
