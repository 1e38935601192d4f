// Builds the image of packaging/container by buildah, in a storage of its own, on a base that mmdebstrap makes of Debian, with
// this Node and npm, or on CONSILIUM_TEST_BASE_IMAGE.
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const givenBase = process.env["CONSILIUM_TEST_BASE_IMAGE"];
const certificates = "/etc/ssl/certs/ca-certificates.crt";

const isThere = (program: string) => spawnSync(program, ["--version"]).status === 0;

/** Why no image can be built here; undefined where it can. */
export const missingForImages = !isThere("buildah")
  ? "buildah is not installed"
  : givenBase === undefined && !isThere("mmdebstrap")
    ? "there is neither mmdebstrap nor CONSILIUM_TEST_BASE_IMAGE"
    : process.getuid?.() !== 0
      ? "only an administrator can build an image without user namespaces"
      : undefined;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder or file of the host, and where the container sees it. */
export type Mounts = readonly (readonly [from: string, to: string, options?: "ro"])[];

export class ContainerImage {
  readonly #scratch: string;
  readonly #container: string;
  readonly #running = new Set<ChildProcess>();

  private constructor(scratch: string, container: string) {
    this.#scratch = scratch;
    this.#container = container;
  }

  /** @throws Error with what the tool printed */
  static async build(): Promise<ContainerImage> {
    const scratch = await mkdtemp(join(tmpdir(), "consilium-image-"));
    const base = givenBase ?? (await makeBase(scratch));
    const context = join(scratch, "context");
    await cp(join(root, "packaging/container"), context, { recursive: true });
    const pack = ["--disable-warning=ExperimentalWarning", join(root, "scripts/package/pack.ts")];
    await good(run(process.execPath, [...pack, "--pack-destination", context]));
    const [tarball] = (await readdir(context)).filter((name) => name.endsWith(".tgz"));
    const arguments_ = [`BASE=${base}`, "NEEDS=", `PACKAGE=${tarball}`].flatMap((each) => ["--build-arg", each]);
    const bud = ["bud", "--isolation", "chroot", "--format", "docker", "--tag", "consilium:test", ...arguments_];
    await good(buildah(scratch, [...bud, context]));
    const container = (await good(buildah(scratch, ["from", "--isolation", "chroot", "consilium:test"]))).trim();
    // The image's own volume would lie over what is mounted there.
    await good(buildah(scratch, ["config", "--volume", "/var/lib/consilium-", container]));
    return new ContainerImage(scratch, container);
  }

  /** The image's configuration, as Docker has it. */
  async described(): Promise<{ User: string; Entrypoint: string[]; Cmd: string[]; Healthcheck: { Test: string[] } }> {
    return JSON.parse(await good(buildah(this.#scratch, ["inspect", this.#container]))).Docker.config;
  }

  /** Runs a command within, as the image's user. */
  run(command: readonly string[], mounts: Mounts = []): Promise<Ended> {
    return buildah(this.#scratch, this.#command(command, mounts));
  }

  /** Starts a command within, and lets it run. */
  start(command: readonly string[], mounts: Mounts, onLine: (text: string) => void): ChildProcess {
    const child = spawn("buildah", [...storage(this.#scratch), ...this.#command(command, mounts)], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // a group of its own, which is ended together
    });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => onLine(String(chunk)));
    this.#running.add(child);
    return child;
  }

  #command(command: readonly string[], mounts: Mounts): string[] {
    const volumes = mounts.flatMap(([from, to, options = "rw"]) => ["--volume", `${from}:${to}:${options}`]);
    return ["run", "--isolation", "chroot", ...volumes, this.#container, "--", ...command];
  }

  async remove(): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      process.kill(-child.pid!, "SIGTERM");
      await ended;
    }
    await rm(this.#scratch, { recursive: true, force: true });
  }
}

/** Overlay where the kernel has it: vfs copies half a gigabyte for each layer. */
function storage(scratch: string): string[] {
  const place = ["--root", join(scratch, "storage"), "--runroot", join(scratch, "run")];
  driver ??=
    spawnSync("buildah", ["--storage-driver", "overlay", ...place, "from", "scratch"]).status === 0 ? "overlay" : "vfs";
  return ["--storage-driver", driver, ...place];
}

let driver: "overlay" | "vfs" | undefined;

function buildah(scratch: string, args: readonly string[]): Promise<Ended> {
  return run("buildah", [...storage(scratch), ...args]);
}

/** Debian with this machine's Node, npm and certificates. @returns the image's name */
async function makeBase(scratch: string): Promise<string> {
  const context = join(scratch, "base");
  await mkdir(join(context, "local"), { recursive: true });
  const made = join(context, "debian.tar");
  await good(run("mmdebstrap", ["--quiet", "--variant=minbase", "--include=ca-certificates", "bookworm", made]));
  const npm = ["install", "--global", "--prefix", join(context, "local"), "--no-audit", "--no-fund", "npm@11"];
  await good(run("npm", npm));
  await cp(process.execPath, join(context, "local/bin/node"));
  await cp(certificates, join(context, "certificates.crt"));
  const registry = (await good(run("npm", ["config", "get", "registry"]))).trim();
  await mkdir(join(context, "local/etc"));
  await writeFile(join(context, "local/etc/npmrc"), `registry=${registry}\ncafile=${certificates}\n`);
  await writeFile(
    join(context, "Containerfile"),
    `FROM scratch\nADD debian.tar /\nCOPY local /usr/local\nCOPY certificates.crt ${certificates}\nENV PATH=/usr/local/bin:/usr/bin:/bin\n`,
  );
  await good(buildah(scratch, ["bud", "--isolation", "chroot", "--tag", "base:test", context]));
  return "localhost/base:test";
}

async function good(ended: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await ended;
  if (code !== 0) throw new Error(`ended with ${code}\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
  return stdout;
}

function run(program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 1 << 26, cwd: tmpdir() }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr: stderr || String(error ?? "") });
    });
  });
}
