// An entry of the list of commands.
import type { Command } from "commander";
import type { Need } from "../foundation/fetched-packages.ts";

export interface ListedCommand {
  readonly summary: string;
  /** Loads the function that adds the command to the program; the list is there for a command about all commands. */
  readonly load: () => Promise<(program: Command, all: CommandList) => void>;
  /** What it needs beyond what is installed. */
  readonly needs?: readonly Need[];
}

/** By name. */
export type CommandList = Readonly<Record<string, ListedCommand>>;
