// Preloaded into a process: writes to stderr, when it ends, how many modules it loaded and from which packages.
import { registerHooks } from "node:module";

const packages = new Set();
let modules = 0;
registerHooks({
  load(url, context, next) {
    modules++;
    const inPackages = url.split("/node_modules/").at(-1);
    if (inPackages !== url)
      packages.add(
        inPackages
          .split("/")
          .slice(0, inPackages.startsWith("@") ? 2 : 1)
          .join("/"),
      );
    return next(url, context);
  },
});
process.on("exit", () => process.stderr.write(`modules ${modules}\npackages ${[...packages].join(" ")}\n`));
