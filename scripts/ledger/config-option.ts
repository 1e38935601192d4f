// `--config`: a configuration stands in for the options that are not given. Options come first, then the environment, then
// the configuration, then defaults.
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { partyConfigFields } from "../../party/config.ts";
import { type ConsortiumFile, isConsortium, parseConsortium } from "../consortium/consortium-file.ts";
import { readConfigFile } from "../party/read-config.ts";

/** Values by the names of options. */
type Given = Readonly<Record<string, unknown>>;

/** Adds the option to a command that reads a federation's contract, or writes to it. */
export function withConfig(command: Command): Command {
  command.option(
    "--config <file>",
    "a configuration, consortium.yaml or a party's: it has what the other options do not give",
  );
  return takingFrom(command, connectionOf);
}

/** What only a consortium's file has, for one command. */
export function takingFromConsortium(
  command: Command,
  valuesOf: (consortium: ConsortiumFile) => Given | Promise<Given>,
): Command {
  return takingFrom(command, async (file) => {
    const consortium = await readConsortium(file);
    return consortium ? valuesOf(consortium) : {};
  });
}

/** Undefined for a party's. @throws FILE_UNREADABLE, CONFIG_INVALID */
export async function readConsortium(file: string): Promise<ConsortiumFile | undefined> {
  const raw = await readConfigFile(file);
  return isConsortium(raw) ? parseConsortium(raw, dirname(resolve(file))) : undefined;
}

function takingFrom(command: Command, valuesOf: (file: string) => Promise<Given>): Command {
  return command.hook("preAction", async (_, acting) => {
    const file = acting.opts()["config"];
    if (typeof file !== "string") return;
    const names = new Set(acting.options.map((option) => option.attributeName()));
    for (const [name, value] of Object.entries(await valuesOf(file))) {
      // What a later, more specific hook takes from the file replaces what an earlier one took.
      const isFree = [undefined, "default", "config"].includes(acting.getOptionValueSource(name));
      if (value !== undefined && names.has(name) && isFree) acting.setOptionValueWithSource(name, value, "config");
    }
  });
}

const { chain, keys } = partyConfigFields;
const partySchema = z.object({ federation: z.unknown(), chain, keys }).partial();

async function connectionOf(file: string): Promise<Given> {
  const baseDir = dirname(resolve(file));
  const consortium = await readConsortium(file);
  if (consortium) {
    const { endpoints: rpc, confirmations, maxFeeGwei } = consortium.chain;
    const { federation, keys } = consortium;
    return { federation, rpc, ...texts({ confirmations, maxFeeGwei }), ...keys };
  }
  const parsed = partySchema.safeParse(await readConfigFile(file));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FedError("CONFIG_INVALID", { field: issue?.path.join("."), why: issue?.message });
  }
  const { federation, chain: own, keys: ownKeys } = parsed.data;
  if (federation !== undefined && typeof federation !== "string") {
    const remedy = "for this command, name the federation file by its path: --federation, or in the configuration";
    throw new FedError("CONFIG_INVALID", { field: "federation" }, { remedy });
  }
  const at = (path: string | undefined) => (path === undefined ? undefined : resolve(baseDir, path));
  return {
    federation: at(federation),
    rpc: own?.endpoints,
    ...(own ? texts(own) : {}),
    keystore: at(ownKeys?.keystore),
    passwordFile: at(ownKeys?.passwordFile),
  };
}

/** As the options have them, which are parsed by the command. */
const texts = ({ confirmations, maxFeeGwei }: { confirmations: number; maxFeeGwei: number }) => ({
  confirmations: String(confirmations),
  maxFeeGwei: String(maxFeeGwei),
});
