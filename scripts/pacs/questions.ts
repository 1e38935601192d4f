// What `consilium pacs check` tells the user to ask the PACS administrator for, by protocol and by what failed.
import type { PacsQuestions } from "./check-server.ts";

const isAway = (code: string) => code === "PACS_UNREACHABLE" || code === "PACS_SLOW" || code === "PACS_BUSY";
const certificates = [
  "Which certificate authority signed the PACS's certificate (a PEM file, for --ca)?",
  "Does the PACS want a client certificate, and who signs one for this machine?",
];

const webSearching = "Is this account allowed to search studies (QIDO-RS), and does it see the department's CT?";

export const webQuestions: PacsQuestions = {
  searching: webSearching,
  gently: "At what hours, with how many requests at a time and how fast may an import read?",
  after(stage, code) {
    if (isAway(code)) {
      return [
        "What are the host, port and path of the PACS's DICOMweb service, and may this machine connect to it?",
        "Is there a proxy or firewall between the two, and which name and port does it want to know?",
      ];
    }
    if (code === "PACS_CERTIFICATE") return certificates;
    if (code === "PACS_UNAUTHORISED" || code === "PACS_TOKEN") {
      return [
        "How does a program log in: user and password, bearer token, client certificate?",
        "An account that may read only: search studies (QIDO-RS), metadata and instances (WADO-RS).",
      ];
    }
    if (stage === "find") return ["Is DICOMweb (QIDO-RS and WADO-RS) switched on, and at which path?", webSearching];
    if (stage === "describe") return ["Is this account allowed to read the metadata of studies (WADO-RS /metadata)?"];
    return ["Is this account allowed to read instances in the transfer syntax in which they are stored (WADO-RS)?"];
  },
};

const titles = "Are both AE titles of the address right, and is the first one registered for this machine's address?";
const dimseSearching = "May this AE title search studies by C-FIND (Study Root), and does it see the department's CT?";

export const dimseQuestions: PacsQuestions = {
  searching: dimseSearching,
  gently: "At what hours, with how many associations at a time and how fast may an import read?",
  after(stage, code) {
    if (isAway(code)) {
      return [
        "What are the host and port of the PACS's DICOM service, with TLS or without, and may this machine connect to it?",
        "Is there a firewall between the two?",
      ];
    }
    if (code === "PACS_CERTIFICATE") return certificates;
    if (code === "PACS_RECEIVER") return ["At which host and port is this machine's AE title registered for C-MOVE?"];
    if (stage === "find" || code === "PACS_UNAUTHORISED") return [titles, dimseSearching];
    if (stage === "describe") return ["Does the PACS answer C-FIND at the levels SERIES and IMAGE?"];
    return [
      "May this AE title retrieve by C-GET, in the transfer syntaxes in which CT is stored?",
      "If not: at which host and port may it receive by C-MOVE (--receive-at)?",
    ];
  },
};
