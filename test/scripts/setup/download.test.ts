// The set-up's download, from a server that breaks it off.
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
// @ts-expect-error the set-up is plain JavaScript, since it runs before TypeScript is installed
import { download } from "../../../scripts/setup/download.mjs";

const content = randomBytes(1 << 20);
const hex = createHash("sha256").update(content).digest("hex");

describe("a download of the set-up", () => {
  let dir: string;
  let server: Server;
  let url: string;
  /** How many bytes each answer brings before the line breaks; then answers are whole. */
  let breaks: number[];
  let hasRanges: boolean;
  let asked: IncomingMessage[];
  const said: string[] = [];
  const options = { algorithm: "sha256", hex, retryMs: 1, show: (text: string) => said.push(text) };

  before(async () => {
    server = createServer((request, response) => {
      asked.push(request);
      const [, from] = /bytes=(\d+)-/.exec(request.headers.range ?? "") ?? [];
      const start = hasRanges ? Number(from ?? 0) : 0;
      const whole = content.subarray(start);
      const headers = { "content-length": whole.length };
      if (start > 0) {
        response.writeHead(206, {
          ...headers,
          "content-range": `bytes ${start}-${content.length - 1}/${content.length}`,
        });
      } else response.writeHead(200, headers);
      const most = breaks.shift();
      if (most === undefined) response.end(whole);
      else {
        response.write(whole.subarray(0, most));
        void (most > 0 ? untilKept(start) : Promise.resolve()).then(() => request.socket.destroy());
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/large.bin`;
  });
  after(() => server.close());
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-download-"));
    [breaks, hasRanges, asked] = [[], true, []];
    said.length = 0;
  });
  afterEach(() => rm(dir, { recursive: true }));
  const file = () => join(dir, "large.bin");
  /** A reader that learns of the break at once drops what it has not written yet. */
  const untilKept = async (bytes: number) => {
    const size = () =>
      stat(`${file()}.part`).then(
        (found) => found.size,
        () => 0,
      );
    while ((await size()) <= bytes) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const failureOf = (promise: Promise<unknown>): Promise<{ message: string; remedy: string }> =>
    promise.then(
      () => {
        throw new Error("it did not fail");
      },
      (error) => error,
    );

  it("continues where a broken line ended, as often as it breaks, and says how far it is", async () => {
    breaks = [300_000, 200_000, 0, 100_000];
    await download(url, file(), options);
    expect((await readFile(file())).equals(content)).to.equal(true);
    const starts = asked.map(({ headers }) => Number(/\d+/.exec(headers.range ?? "0")?.[0]));
    expect(starts).to.have.length(5);
    expect(starts[1]).to.be.within(1, 300_000);
    expect(starts.toSorted((a, b) => a - b)).to.deep.equal(starts);
    expect(said.join("\n")).to.match(/1 MB of 1 MB/);
  });

  it("continues where a process that was killed had ended", async () => {
    await writeFile(`${file()}.part`, content.subarray(0, 700_000));
    await writeFile(`${file()}.part.lock`, "4194305"); // more than any process id
    await download(url, file(), options);
    expect(asked.map(({ headers }) => headers.range)).to.deep.equal(["bytes=700000-"]);
    expect((await readFile(file())).equals(content)).to.equal(true);
    expect(existsSync(`${file()}.part.lock`)).to.equal(false);
  });

  it("begins anew at a server that has no ranges", async () => {
    hasRanges = false;
    breaks = [300_000];
    await download(url, file(), options);
    expect((await readFile(file())).equals(content)).to.equal(true);
  });

  it("keeps nothing of another file, and takes nothing that is damaged", async () => {
    await writeFile(`${file()}.part`, Buffer.alloc(700_000));
    const { message } = await failureOf(download(url, file(), options));
    expect(message).to.include("large.bin is not the file");
    expect([existsSync(file()), existsSync(`${file()}.part`)]).to.deep.equal([false, false]);
  });

  it("gives up a line that brings nothing, keeps what it has, and says that it continues from there", async () => {
    breaks = [300_000, 0, 0, 0, 0, 0];
    const { message, remedy } = await failureOf(download(url, file(), options));
    expect(message).to.include("ended at");
    expect(remedy).to.include("where it ended");
    expect((await stat(`${file()}.part`)).size).to.be.greaterThan(0);
  });

  it("sends an index's user and password, and not in the address", async () => {
    await download(url.replace("127", "user:p%40ss@127"), file(), options);
    expect(asked[0]!.headers.authorization).to.equal(`Basic ${Buffer.from("user:p@ss").toString("base64")}`);
  });
});
