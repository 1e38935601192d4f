// tfjs-node-gpu's own install script downloads libtensorflow from outside the package registries, which fails on
// a closed network, as most hospitals have. The same C library is inside TensorFlow's wheel on PyPI: this step takes
// it from there, compiles the two C++ files of the binding against Node-API, and keeps both in the per-user cache.
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SetupError } from "./setup-error.mjs";
import { buildOnce, cacheDir, run, say } from "./step.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const version = "2.18.1";

export async function ensureTensorFlow({ root, env }) {
  const tfjs = join(root, "node_modules", "@tensorflow", "tfjs-node-gpu");
  const stamp = join(tfjs, ".consilium-binding");
  if ((await readFile(stamp, "utf8").catch(() => "")) === version) return;
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new SetupError(
      `no libtensorflow is set up for ${process.platform}-${process.arch}`,
      "Linux on x86-64 is what this set-up knows; elsewhere build @tensorflow/tfjs-node-gpu by its own README",
    );
  }
  const library = join(cacheDir, `libtensorflow-${version}`);
  if (!existsSync(library)) await fetchLibrary(library, env);
  const binding = join(cacheDir, `tfjs-binding-4.22.0-tf${version}`);
  if (!existsSync(binding)) await compileBinding(binding, { library, tfjs, root, env });
  // node-pre-gyp looks for the binding under the highest Node-API version that the package names: 8.
  const place = join(tfjs, "lib", "napi-v8");
  await mkdir(place, { recursive: true });
  await rm(join(place, "tfjs_binding.node"), { force: true });
  await symlink(join(binding, "tfjs_binding.node"), join(place, "tfjs_binding.node"));
  await writeFile(stamp, version);
}

async function fetchLibrary(library, env) {
  say(`fetching TensorFlow's C library ${version} from PyPI (230 MB, once per user)`);
  const remedy =
    "install Python 3 with pip (Debian, Ubuntu: apt-get install python3 python3-pip), and check that pip reaches its registry";
  await buildOnce(library, async (temporary) => {
    const wheels = join(temporary, "wheels");
    await run(
      "python3",
      [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "--python-version",
        "3.11",
      ]
        .concat(["--implementation", "cp", "--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_17_x86_64"])
        .concat(["--dest", wheels, "--requirement", join(here, "tensorflow.txt")]),
      { env, remedy },
    );
    await run("python3", [join(here, "unpack-tensorflow.py"), wheels, temporary], { env, remedy });
    await rm(wheels, { recursive: true });
  });
}

async function compileBinding(binding, { library, tfjs, root, env }) {
  say("compiling the TensorFlow binding");
  await buildOnce(binding, async (temporary) => {
    await run(
      "g++",
      ["-std=c++17", "-O2", "-fPIC", "-shared", "-DNAPI_VERSION=8", `-I${tfjs}`, `-I${join(library, "include")}`]
        .concat([`-I${join(root, "node_modules", "node-api-headers", "include")}`])
        .concat([join(tfjs, "binding", "tfjs_backend.cc"), join(tfjs, "binding", "tfjs_binding.cc")])
        .concat([
          `-L${join(library, "lib")}`,
          `-Wl,-rpath,${join(library, "lib")}`,
          "-ltensorflow",
          "-ltensorflow_framework",
        ])
        .concat(["-o", join(temporary, "tfjs_binding.node")]),
      { env, remedy: "install a C++ compiler (Debian, Ubuntu: apt-get install g++ make)" },
    );
  });
}
