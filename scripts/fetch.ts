// `consilium fetch`: gets what training and simulations need beside an installed package.
import { Argument, type Command } from "commander";
import { fetchedFolder, foundFolder, hasFetched, type Need, needs } from "../foundation/fetched-packages.ts";
import { fetchNeed } from "./terminal/fetch-need.ts";

/** Adds the command to the program. */
export function fetchCommand(program: Command): void {
  program
    .command("fetch")
    .description(
      "Fetch what only some commands need: TensorFlow to train and predict, Hardhat to simulate, OpenTelemetry to send figures to a collector.",
    )
    .addArgument(new Argument("[need...]", "all of them if none is named").choices(needs))
    .option("--json", "print what is there as JSON")
    .addHelpText("after", help)
    .action(async (named: Need[], { json }: { json?: boolean }) => {
      const wanted = named.length === 0 ? needs : named;
      // CONSILIUM_GPU may ask for the other TensorFlow than the one that is there; the set-up looks which it is.
      const isForced = (need: Need) => need === "tensorflow" && Boolean(process.env["CONSILIUM_GPU"]);
      for (const need of wanted) if (!hasFetched(need) || isForced(need)) await fetchNeed(need);
      const there = needs.map((need) => ({
        need,
        there: hasFetched(need),
        folder: foundFolder(need) ?? fetchedFolder(need),
      }));
      if (json) console.log(JSON.stringify(there));
      else for (const need of wanted) console.log(`${need} is there`);
    });
}

const help = `
A checkout of the repository has all of it. For an installed package an administrator fetches it once for all users, into
/usr/local/lib/consilium (CONSILIUM_SHARED); anybody else fetches it into the own cache (CONSILIUM_CACHE). Large downloads go on
where they ended.

CONSILIUM_GPU=1 sets TensorFlow up for an NVIDIA GPU (3 GB; never tried on one), CONSILIUM_GPU=0 for the processor.

Examples:
  consilium fetch
  consilium fetch tensorflow
  sudo consilium fetch tensorflow`;
