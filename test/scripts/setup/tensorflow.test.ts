import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { checkMachine } from "../../../scripts/doctor/check-machine.ts";
// @ts-expect-error the set-up is plain JavaScript, since it runs before TypeScript is installed
import { stampOf, wantedVariant } from "../../../scripts/setup/tensorflow.mjs";

const setup = fileURLToPath(new URL("../../../scripts/setup/", import.meta.url));

describe("TensorFlow for an NVIDIA GPU or the processor", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "consilium-gpu-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("is forced by CONSILIUM_GPU, and else stays what it is", () => {
    const [cpu, gpu] = [stampOf("cpu"), stampOf("gpu")] as [string, string];
    expect(cpu).not.to.equal(gpu);
    expect(wantedVariant({}, "")).to.equal("cpu");
    expect(wantedVariant({ CONSILIUM_GPU: "" }, gpu)).to.equal("gpu");
    expect(wantedVariant({ CONSILIUM_GPU: "1" }, cpu)).to.equal("gpu");
    expect(wantedVariant({ CONSILIUM_GPU: "0" }, gpu)).to.equal("cpu");
    expect(() => wantedVariant({ CONSILIUM_GPU: "yes" }, ""))
      .to.throw()
      .with.property("remedy");
  });

  it("has every wheel of the GPU pinned by version and hash, with the same TensorFlow as for the processor", () => {
    const pinned = (file: string) =>
      [
        ...readFileSync(join(setup, file), "utf8").matchAll(/^(\S+)==(\S+) (?:\\\n\s*)?--hash=sha256:[0-9a-f]{64}/gm),
      ].map(([, name, version]) => `${name} ${version}`);
    const gpu = pinned("tensorflow-gpu.txt");
    expect(gpu.filter((one) => one.startsWith("nvidia-"))).to.have.length(11);
    expect(pinned("tensorflow.txt").map((one) => one.replace("-cpu", ""))).to.deep.equal(
      gpu.filter((one) => one.startsWith("tensorflow ")),
    );
  });

  it("has CUDA's libraries where TensorFlow's library looks for them, and nothing else of their wheels", function () {
    try {
      execFileSync("python3", ["--version"], { stdio: "ignore" });
    } catch {
      this.skip(); // Python takes the wheels apart
    }
    const make = `
import sys, zipfile
def wheel(name, *members):
    with zipfile.ZipFile(f"{sys.argv[1]}/{name}", "w") as archive:
        for member in members: archive.writestr(member, member)
wheel("tensorflow-2.whl", "tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2",
      "tensorflow/include/tensorflow/c/c_api.h", "tensorflow/python/other.py")
wheel("nvidia_cublas_cu12.whl", "nvidia/cublas/lib/libcublas.so.12", "nvidia/cublas/lib/__init__.py",
      "nvidia/cublas/include/cublas.h", "nvidia/../../lib/outside.so", "nvidia/../lib/up.so")
`;
    const [wheels, target] = [join(dir, "wheels"), join(dir, "library")];
    execFileSync("mkdir", [wheels, target]);
    execFileSync("python3", ["-c", make, wheels]);
    execFileSync("python3", [join(setup, "unpack-tensorflow.py"), wheels, target]);
    const files = readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((file) => /\.(so|h|py)/.test(file));
    expect(files.sort()).to.deep.equal([
      "library/include/tensorflow/c/c_api.h",
      ...[
        "libtensorflow.so",
        "libtensorflow_cc.so.2",
        "libtensorflow_framework.so",
        "libtensorflow_framework.so.2",
      ].map((file) => `library/lib/${file}`),
      "library/nvidia/cublas/lib/libcublas.so.12",
    ]);
  });

  it("is told by the doctor beside whether a GPU is there", async () => {
    const gpu = async (hasGpu: boolean, stamp: string) => {
      writeFileSync(join(dir, ".consilium-binding"), stamp);
      const devices = [hasGpu ? dir : join(dir, "none")];
      const facts = { store: dir, trains: true, gpuDevices: devices, tensorflow: dir };
      return (await checkMachine(facts)).find(({ check }) => check === "gpu")!;
    };
    expect((await gpu(false, stampOf("cpu"))).state).to.equal("good");
    expect((await gpu(true, stampOf("gpu"))).state).to.equal("good");
    for (const found of [await gpu(true, stampOf("cpu")), await gpu(false, stampOf("gpu"))]) {
      expect(found.state).to.equal("note");
      expect(found.remedy).to.match(/CONSILIUM_GPU=[01] consilium fetch tensorflow/);
    }
  });
});
