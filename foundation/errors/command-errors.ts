// Errors of the command line: options, configurations, files, keys and runs.
import { entriesOf } from "./kinds.ts";

export const commandErrors = entriesOf("command", {
  AUDIT_REPORT_MALFORMED: "give the report.json that consilium audit --out wrote",
  BACKUP_DAMAGED: "take another copy of the backup file: this one was changed or cut off",
  BACKUP_MALFORMED: "give a file that consilium backup wrote, whole",
  BACKUP_PASSWORD: "check the backup's password; if it is right, the beginning of the file is damaged",
  BACKUP_VERSION: "use the version of the software that wrote this backup",
  CONFIG_INVALID: "see the command's --help for the fields of the configuration",
  FETCH_FAILED: "read what the set-up printed above, and run consilium fetch again",
  FILE_EXISTS: "give another path: nothing was overwritten",
  FILE_UNREADABLE: "check that the file exists and can be read",
  FILE_UNWRITABLE: "check the folder's permissions and its free space",
  KEY_IN_USE: "stop the other process that uses this key file: one key must not run twice",
  OPTION_INVALID: "see the command's --help",
  OPTION_MISSING: "see the command's --help",
  PACKAGE_MISSING: "run consilium fetch, then this again",
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
});
