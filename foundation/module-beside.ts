// Names a module that is started by path (a worker, a child process) and not imported: the sources are .ts files and the
// built package has .js files, so its extension is the caller's own.
import { extname } from "node:path";

/**
 * The URL of a module of this program.
 * @param name relative to the caller, without extension: "./decode-worker"
 * @param caller import.meta.url
 */
export function moduleBeside(name: string, caller: string): URL {
  return new URL(name + extname(caller), caller);
}
