// Network namespaces around one hub, each with a line of its own: what a hospital's network looks like from its node.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const place = fileURLToPath(new URL("./link.py", import.meta.url));

export interface LineOptions {
  readonly mbit: number;
  readonly oneWayMs: number;
  readonly lossPercent: number;
  /** The site is behind address translation: others see the site's public address, and cannot connect to it. */
  readonly nat?: boolean;
}

/** A namespace that is connected to the hub by its line. */
export interface NetworkSite {
  readonly namespace: string;
  /** Of the site in its own network. */
  readonly address: string;
  /** What the line does: cut, heal, forget (link.py). */
  tell(command: "cut" | "heal" | "forget"): Promise<void>;
  /** Bytes that the site has sent and got, with all headers. */
  count(): Promise<{ readonly sent: number; readonly received: number }>;
}

/** Why no namespaces can be made here; undefined where they can. */
export async function whyNoNamespaces(): Promise<string | undefined> {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  try {
    await access("/dev/net/tun");
    await run("python3", ["--version"]);
    await run("ip", ["netns", "add", "consilium-trial"]);
    await run("ip", ["netns", "del", "consilium-trial"]);
    return undefined;
  } catch (error) {
    return `no TUN device, python3 or ip: ${(error as Error).message.split("\n")[0]}`;
  }
}

export class NetworkSites {
  readonly #name = `consilium-${process.pid}`;
  readonly #namespaces: string[] = [];
  readonly #lines: ChildProcess[] = [];

  /** A hub that forwards between sites. */
  static async open(): Promise<NetworkSites> {
    const sites = new NetworkSites();
    await sites.#add(sites.#name);
    await run("ip", ["netns", "exec", sites.#name, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
    return sites;
  }

  async addSite({ mbit, oneWayMs, lossPercent, nat = false }: LineOptions): Promise<NetworkSite> {
    const number = this.#namespaces.length;
    const namespace = `${this.#name}-${number}`;
    // Public addresses, as most hospitals' are outside: libp2p treats them differently. A site behind NAT has a private one.
    const [address, hub] = nat
      ? [`10.77.${number}.2`, `10.77.${number}.1`]
      : [`44.77.${number}.2`, `44.77.${number}.1`];
    const visible = `44.78.${number}.2`;
    await this.#add(namespace);
    const figures = [mbit, oneWayMs, lossPercent].map(String);
    const args = [place, namespace, address, this.#name, hub, ...figures, ...(nat ? [visible] : [])];
    const line = spawn("python3", args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines.push(line);
    const answers = createInterface({ input: line.stdout! })[Symbol.asyncIterator]();
    const answer = async () => String((await answers.next()).value);
    if ((await answer()) !== "ready") throw new Error("the line did not start");
    await run("ip", ["-n", namespace, "route", "add", "default", "via", hub]);
    if (nat) await run("ip", ["-n", this.#name, "route", "add", visible, "via", address]);
    const ask = (command: string) => {
      line.stdin!.write(`${command}\n`);
      return answer();
    };
    return {
      namespace,
      address,
      async tell(command) {
        await ask(command);
      },
      async count() {
        const { fromA: sent, fromB: received } = JSON.parse(await ask("count")) as { fromA: number; fromB: number };
        return { sent, received };
      },
    };
  }

  async close(): Promise<void> {
    for (const line of this.#lines) {
      const ended = line.exitCode === null ? once(line, "exit") : undefined;
      line.stdin!.end();
      await ended;
    }
    for (const namespace of this.#namespaces.reverse()) await run("ip", ["netns", "del", namespace]);
  }

  async #add(namespace: string): Promise<void> {
    await run("ip", ["netns", "add", namespace]);
    this.#namespaces.push(namespace);
    await run("ip", ["-n", namespace, "link", "set", "lo", "up"]);
  }
}
