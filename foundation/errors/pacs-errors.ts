// Errors of reading from a hospital's image server (PACS), and of storing results there.
import { entriesOf } from "./kinds.ts";

export const pacsErrors = entriesOf("pacs", {
  PACS_ADDRESS: "write dicomweb+https://HOST/PATH, or dimse://CALLING:CALLED@HOST:PORT",
  PACS_BUSY: "run the command again when the PACS has less to do, or with fewer --connections",
  PACS_CERTIFICATE: "give the hospital's own CA with --ca, or have the PACS's certificate renewed",
  PACS_CONTRADICTS: "ask the PACS administrator why a file and its own metadata differ, then import again",
  PACS_CREDENTIALS: "give the name with --user and the password's file with --pacs-password-file, or a token",
  PACS_GONE: "nothing to do if the study was deleted or moved; else ask the PACS administrator",
  PACS_MALFORMED: "ask the PACS administrator for the server's log: it answered something that is not DICOM",
  PACS_NOT_STORED: "ask the PACS administrator whether this account may store, and for the server's log",
  PACS_NO_STUDIES: "widen --query, and check with consilium pacs check what the PACS finds",
  PACS_NO_SERVICE: "ask the PACS administrator to allow C-FIND and C-GET; or C-MOVE, which --receive-at asks for",
  PACS_QUERY: "write --query as NAME=VALUE&NAME=VALUE, as in ModalitiesInStudy=CT&StudyDate=20200101-20201231",
  PACS_READER_ENDED: "leave the study out if it happens again: its answer ends the process that reads from the PACS",
  PACS_RECEIVER: "give --receive-at a free port and an address of this machine, as the PACS has them registered",
  PACS_REFUSED: "ask the PACS administrator what this account may read, and for the server's log",
  PACS_SLOW: "run the command again: an import continues where it stopped, and results are stored once",
  PACS_TOKEN: "check that --token-file, or the output of --token-command, is one bearer token",
  PACS_TOO_LARGE: "narrow --query, or leave the study out",
  PACS_TRUNCATED: "run the command again: an import continues where it stopped, and results are stored once",
  PACS_UNAUTHORISED: "check user and password, token or client certificate with the PACS administrator",
  PACS_UNREACHABLE: "check address, port, proxy and firewall, then run the command again",
});
