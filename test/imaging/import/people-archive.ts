// An archive of phantoms, one for each test. Its import is asked which files it took for one person, and with which label.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImportOptions } from "../../../imaging/import/import-options.ts";
import type { ImportSummary } from "../../../imaging/import/import-summary.ts";
import { pseudonymsOf, readPseudonymKey } from "../../../imaging/shard/pseudonyms.ts";
import { readShardIndex } from "../../../imaging/shard/shard-format.ts";
import { importInto } from "./synthetic.ts";

export const classOf = (index: number) => (index % 2 ? "positive" : "negative");
export const name = (slice: number) => `IM${slice}.dcm`;

export interface PeopleArchive {
  /** Of the present test, and not there yet. */
  readonly dir: string;
  /** Where its shard is. */
  readonly shard: string;
  /** Another empty place, within one test. */
  another(): void;
  importIt(options?: Partial<ImportOptions>): Promise<ImportSummary>;
  /** Label of each imported patient by PatientID, for those that the test knows. */
  labelsOf(ids: readonly string[]): Promise<Record<string, number | undefined>>;
}

/** An empty place before each test of the suite that calls this. */
export function peopleArchive(): PeopleArchive {
  let root: string;
  let dir: string;
  let counter = 0;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-who-"));
  });
  const another = () => {
    dir = join(root, `archive${++counter}`);
  };
  beforeEach(another);
  after(() => rm(root, { recursive: true, force: true }));
  return {
    get dir() {
      return dir;
    },
    get shard() {
      return `${dir}-shard`;
    },
    another,
    importIt: (options = {}) => importInto(dir, `${dir}-shard`, { keyFile: join(root, "key"), ...options }),
    async labelsOf(ids) {
      const pseudonyms = pseudonymsOf((await readPseudonymKey(join(root, "key")))!);
      const { scans } = await readShardIndex(`${dir}-shard`);
      const label = new Map(scans.map((scan) => [scan.patient, scan.label]));
      return Object.fromEntries(ids.map((id) => [id, label.get(pseudonyms.of("patient", `id/${id}`))]));
    },
  };
}

/** Why scans, or files, of an import were refused. */
export const codes = ({ quarantine }: ImportSummary, kind = "scan") =>
  quarantine.filter(({ what }) => what === kind).map(({ code }) => code);
