// tfjs-node-gpu's own install script downloads libtensorflow from outside the package registries, which fails on
// a closed network, as most hospitals have. The same C library is inside TensorFlow's wheel on PyPI: this step takes
// it from there, compiles the two C++ files of the binding against Node-API, and keeps both in the cache.
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { downloadOr } from "./download.mjs";
import { SetupError } from "./setup-error.mjs";
import { buildOnce, placeOf, run, say } from "./step.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const version = "2.18.1";

/**
 * The library for the processor, or the one for an NVIDIA GPU with CUDA's own libraries beside it. The GPU recipe was never run
 * on a machine with a GPU.
 */
const variants = {
  cpu: { suffix: "", requirements: "tensorflow.txt", size: "230 MB" },
  gpu: { suffix: "-gpu", requirements: "tensorflow-gpu.txt", size: "3 GB" },
};

/**
 * CONSILIUM_GPU forces either; unset, what is set up stays, and the first is for the processor.
 * @param {string} stamp of what is set up, empty for nothing
 */
export function wantedVariant({ CONSILIUM_GPU }, stamp) {
  if (CONSILIUM_GPU === "1") return "gpu";
  if (CONSILIUM_GPU === "0") return "cpu";
  if (CONSILIUM_GPU) {
    throw new SetupError(
      `CONSILIUM_GPU is ${JSON.stringify(CONSILIUM_GPU)}`,
      "set it to 1 for an NVIDIA GPU, to 0 for the processor, or unset it",
    );
  }
  return stamp === stampOf("gpu") ? "gpu" : "cpu";
}

export function stampOf(variant) {
  return `${version}${variants[variant].suffix}`;
}

export async function ensureTensorFlow({ root, env }) {
  const tfjs = join(root, "node_modules", "@tensorflow", "tfjs-node-gpu");
  const stamp = join(tfjs, ".consilium-binding");
  const found = await readFile(stamp, "utf8").catch(() => "");
  const variant = wantedVariant(env, found);
  if (found === stampOf(variant)) return;
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new SetupError(
      `no libtensorflow is set up for ${process.platform}-${process.arch}`,
      "Linux on x86-64 is what this set-up knows; elsewhere build @tensorflow/tfjs-node-gpu by its own README",
    );
  }
  const library = placeOf(`libtensorflow-${stampOf(variant)}`);
  if (!existsSync(library)) await fetchLibrary(library, variants[variant], env);
  const binding = placeOf(`tfjs-binding-4.22.0-tf${stampOf(variant)}`);
  if (!existsSync(binding)) await compileBinding(binding, { library, tfjs, root, env });
  // node-pre-gyp looks for the binding under the highest Node-API version that the package names: 8.
  const place = join(tfjs, "lib", "napi-v8");
  await mkdir(place, { recursive: true });
  await rm(join(place, "tfjs_binding.node"), { force: true });
  await symlink(join(binding, "tfjs_binding.node"), join(place, "tfjs_binding.node"));
  await writeFile(stamp, stampOf(variant));
}

async function fetchLibrary(library, { requirements, size }, env) {
  say(`fetching TensorFlow's C library ${version} from PyPI (${size}) into ${library}`);
  const remedy =
    "install Python 3 with pip (Debian, Ubuntu: apt-get install python3 python3-pip), and check that pip reaches its registry";
  await buildOnce(library, async (temporary) => {
    const wheels = join(temporary, "wheels");
    await mkdir(wheels);
    // Of the many wheels for a GPU pip chooses those of this platform.
    const isOne = requirements === variants.cpu.requirements;
    if (!isOne || !(await fetchWheel(wheels, dirname(library), env)))
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
          .concat([
            "--implementation",
            "cp",
            "--platform",
            "manylinux2014_x86_64",
            "--platform",
            "manylinux_2_17_x86_64",
          ])
          .concat(["--dest", wheels, "--requirement", join(here, requirements)]),
        { env, remedy },
      );
    await run("python3", [join(here, "unpack-tensorflow.py"), wheels, temporary], { env, remedy });
    await rm(wheels, { recursive: true });
  });
}

/** The wheel, resumable, from the index that pip is set to. @returns whether it could be had */
async function fetchWheel(wheels, cache, env) {
  const [, name, hex] = /^([\w-]+)==\S+ --hash=sha256:([0-9a-f]{64})/.exec(
    await readFile(join(here, variants.cpu.requirements), "utf8"),
  );
  const url = await wheelAddress(name, hex, env);
  if (url === undefined) return false;
  const file = join(cache, "downloads", decodeURIComponent(basename(new URL(url).pathname)));
  if (!(await downloadOr("pip", url, file, { algorithm: "sha256", hex }))) return false;
  await rename(file, join(wheels, basename(file)));
  return true;
}

/** By the index's page of the project (PEP 503); undefined where it cannot be read so. */
async function wheelAddress(name, hex, env) {
  try {
    const asked = env.PIP_INDEX_URL || (await ask(["-m", "pip", "config", "get", "global.index-url"], env));
    const usual = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";
    const index = asked || (await ask(["-c", usual], env));
    const page = new URL(`${index.replace(/\/$/, "")}/${name}/`);
    const signal = AbortSignal.timeout(30_000);
    const links = await (await fetch(page, { headers: { accept: "text/html" }, signal })).text();
    const [, link] = new RegExp(`href="([^"]+)#sha256=${hex}"`).exec(links) ?? [];
    return link && new URL(link.replaceAll("&amp;", "&"), page).href;
  } catch {
    return undefined;
  }
}

async function ask(args, env) {
  return (await run("python3", args, { env, remedy: "" }).catch(() => "")).trim();
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
