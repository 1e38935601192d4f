// The places of a page on this machine: a folder each, the services that run there, and what the page's example names stand for.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePorts } from "../../scripts/simulate/free-ports.ts";

const commandLine = fileURLToPath(new URL("../../scripts/consilium.ts", import.meta.url));

export type Event = { readonly event: string; readonly place: string } & Record<string, unknown>;

interface Ports {
  readonly peer: number;
  readonly telemetry: number;
}

export class PageWorld {
  readonly events: Event[] = [];
  readonly dir: string;
  readonly #bin: string;
  readonly #ports = new Map<string, Ports>();
  readonly #services = new Map<string, ChildProcess>();
  #wake = () => {};

  private constructor(dir: string) {
    this.dir = dir;
    this.#bin = join(dir, "bin");
  }

  static async open(): Promise<PageWorld> {
    const world = new PageWorld(await mkdtemp(join(tmpdir(), "consilium-page-")));
    await mkdir(world.#bin);
    const shim = join(world.#bin, "consilium");
    const node = `"${process.execPath}" --disable-warning=ExperimentalWarning`;
    await writeFile(shim, `#!/bin/sh\nexec ${node} "${commandLine}" "$@"\n`);
    await chmod(shim, 0o755);
    return world;
  }

  at(place: string, ...names: string[]): string {
    return join(this.dir, "places", place, ...names);
  }

  /** Runs one line in bash. @throws Error with what it printed, if it fails */
  async run(place: string, command: string): Promise<string> {
    await mkdir(this.at(place), { recursive: true });
    const options = { cwd: this.at(place), env: this.#env, maxBuffer: 1 << 26 };
    return new Promise((resolve, reject) => {
      execFile("bash", ["-e", "-o", "pipefail", "-c", command], options, (error, stdout, stderr) => {
        if (error) reject(new Error(`at ${place}: ${command}\nended with ${error.code}\n${stdout}\n${stderr}`));
        else resolve(stdout);
      });
    });
  }

  /** Starts what a service manager would, and waits until it is ready. */
  async start(place: string, command: string): Promise<void> {
    const child = spawn("bash", ["-c", `exec ${command}`], { cwd: this.at(place), env: this.#env });
    let log = "";
    child.stderr.on("data", (chunk) => {
      log = (log + chunk).slice(-4000);
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.events.push({ ...(JSON.parse(line) as Event), place });
      this.#wake();
    });
    child.on("exit", () => this.#wake());
    this.#services.set(place, child);
    const since = this.events.length;
    await this.until(() => {
      if (child.exitCode !== null) throw new Error(`at ${place}: ${command}\nended with ${child.exitCode}\n${log}`);
      return this.events.slice(since).some((each) => each.place === place && each.event === "ready");
    }, `${place} is ready`);
  }

  async stop(place: string): Promise<void> {
    const child = this.#services.get(place);
    this.#services.delete(place);
    if (!child || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }

  get running(): readonly string[] {
    return [...this.#services.keys()];
  }

  /** Resolves when the condition holds; it is checked at every event of a service. */
  async until(condition: () => boolean | Promise<boolean>, what: string, withinMs = 900_000): Promise<void> {
    const end = performance.now() + withinMs;
    while (!(await condition())) {
      const left = end - performance.now();
      if (left <= 0)
        throw new Error(`not within ${withinMs} ms: ${what}; last events: ${JSON.stringify(this.events.slice(-8))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 5000));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The ports that a place has instead of 4710 and 9464: on this machine there are many. */
  async portsOf(place: string): Promise<Ports> {
    const known = this.#ports.get(place);
    if (known) return known;
    const [peer, telemetry] = (await freePorts(2)) as [number, number];
    this.#ports.set(place, { peer, telemetry });
    return { peer, telemetry };
  }

  /** Gives a configuration that a command wrote there the ports of its place. */
  async giveOwnPorts(place: string, name: string): Promise<void> {
    const { peer, telemetry } = await this.portsOf(place);
    const text = await readFile(this.at(place, name), "utf8");
    const own = text.replace("/ip4/0.0.0.0/tcp/4710", `/ip4/127.0.0.1/tcp/${peer}`);
    await writeFile(this.at(place, name), own.replace("127.0.0.1:9464", `127.0.0.1:${telemetry}`));
  }

  async send(from: string, file: string, to: string, name = file): Promise<void> {
    await mkdir(this.at(to), { recursive: true });
    await cp(this.at(from, file), this.at(to, name), { recursive: true });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#services.keys()].map((place) => this.stop(place)));
    await rm(this.dir, { recursive: true, force: true });
  }

  get #env(): NodeJS.ProcessEnv {
    return { ...process.env, NO_COLOR: "1", PATH: `${this.#bin}:${process.env["PATH"]}` };
  }
}
