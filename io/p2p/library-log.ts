// libp2p's own log, which goes nowhere unless DEBUG asks for it. Its default logger makes several loggers for each connection
// and stream, and each looks at the terminal: in a large federation that takes longer than what they would write.
import type { ComponentLogger, Logger } from "@libp2p/interface";

const silent: Logger = Object.assign(() => {}, {
  error() {},
  trace() {},
  enabled: false,
  newScope: (): Logger => silent,
});

/** For `createLibp2p`: nothing where DEBUG is set, so that the default logger is used. */
export function libraryLog(): { readonly logger?: ComponentLogger } {
  return process.env["DEBUG"] ? {} : { logger: { forComponent: () => silent } };
}
