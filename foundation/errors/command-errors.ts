// Errors of the command line: options, configurations, files, keys and runs.
import { entriesOf } from "./kinds.ts";

export const commandErrors = entriesOf("command", {
  CONFIG_INVALID: "see the command's --help for the fields of the configuration",
  FILE_EXISTS: "give another path: nothing was overwritten",
  FILE_UNREADABLE: "check that the file exists and can be read",
  FILE_UNWRITABLE: "check the folder's permissions and its free space",
  OPTION_INVALID: "see the command's --help",
  OPTION_MISSING: "see the command's --help",
  PARTY_ENDED: "read the end of the party's log file",
  PARTY_START: "check that this machine can start more processes",
  PASSWORD_MISMATCH: "try again: nothing was written",
  PASSWORD_MISSING: "give a password file, or run the command on a terminal",
  PASSWORD_WEAK: "take a longer password",
  PLAN_FAILED: "read the output of consilium plan in the error's cause",
  RUN_EXISTS: "add --resume to continue it, or --fresh to start anew",
  RUN_FOREIGN: "give --run-dir an empty or a new folder",
  RUN_UNKNOWN: "start a run without --resume",
  RUN_VERSION: "start anew with --fresh, or in another --run-dir",
  SCANS_SEVERAL: "give one patient's folder at a time, or import the archive (consilium import) and give its shard",
});
