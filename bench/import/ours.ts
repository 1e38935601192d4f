// Our side: the files named on a line of standard input to HU, by the decode pool with a worker a core.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { openDecodePool } from "../../imaging/dicom/decode-pool.ts";

interface Request {
  readonly files: readonly string[];
  readonly area: number;
  readonly check: boolean;
}

const pool = openDecodePool({ workers: Number(process.argv[2]) });

/** Where HU go, one for each file that is asked for at once; taken anew only where slices have another size. */
let memory: Int16Array<SharedArrayBuffer>[] = [];

async function decodeAll({ files, area, check }: Request): Promise<string[]> {
  const digests = new Array<string>(check ? files.length : 0);
  const left = files.entries();
  if (memory[0]?.length !== area)
    memory = Array.from({ length: 4 * pool.size }, () => new Int16Array(new SharedArrayBuffer(2 * area)));
  await Promise.all(
    memory.map(async (into) => {
      for (const [index, path] of left) {
        for await (const { hu } of pool.decode({ path }, { into })) {
          if (check) digests[index] = createHash("sha256").update(hu).digest("hex");
        }
      }
    }),
  );
  return digests;
}

for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await decodeAll(JSON.parse(line) as Request)));
await pool.close();
