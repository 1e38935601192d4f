import { expect } from "chai";
import { createNetwork } from "../../../../model/network/network.ts";
import { compile } from "../../../../model/tensorflow/graph/compile.ts";
import { compiled } from "../../../../model/tensorflow/graph/compiled.ts";
import { tf } from "../../../../model/tensorflow/tensorflow.ts";
import { infer } from "../../../../model/training/infer.ts";
import { smallSpec } from "../../small-scans.ts";

describe("a compiled graph", () => {
  it("computes what its function computes, sets what it sets only when told so, and leaves no tensor behind", () => {
    const before = tf.memory().numTensors;
    const count = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
    const x = tf.tensor1d([10, 20]);
    const step = () => {
      count.assign(count.add(1));
      return [x.mul(count).add(0.5)];
    };
    const graph = compile(step, [x], [count]);
    expect([...count.dataSync()]).to.deep.equal([1, 2]);
    tf.tidy(() => {
      const { outputs, assign } = graph.run([tf.tensor1d([3, 4])], [count]);
      expect([...(outputs[0]?.dataSync() ?? [])]).to.deep.equal([6.5, 12.5]);
      expect([...count.dataSync()]).to.deep.equal([1, 2]);
      assign();
    });
    expect([...count.dataSync()]).to.deep.equal([2, 3]);
    const other = tf.tidy(() => tf.variable(tf.tensor1d([7, 7])));
    tf.tidy(() => graph.run([x], [other]).assign());
    expect([...other.dataSync()]).to.deep.equal([8, 8]);
    graph.dispose();
    tf.dispose([count, other, x]);
    expect(tf.memory().numTensors).to.equal(before);
  });

  it("refuses a function that depends on a tensor that is no input, looks at a value, or takes one input twice", () => {
    const [x, stranger] = [tf.scalar(1), tf.scalar(2).add(1)];
    for (const [inputs, run] of [
      [[x], () => [x.add(stranger)]],
      [[x], () => [x.add(x.add(1).dataSync()[0]!)]],
      [[x, x.clone()], () => [x.add(1)]],
    ] as const) {
      expect(() => tf.tidy(() => void compile(run, inputs, [])))
        .to.throw()
        .with.property("code", "GRAPH_NOT_CLOSED");
    }
    expect(x.add(1).dataSync()[0]).to.equal(2); // operations run as before
    tf.disposeVariables();
  });

  it("sets nothing for good where it is refused after it set a variable", () => {
    const count = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
    const refused = () => {
      count.assign(count.add(1));
      return [count.mul(count.dataSync()[0]!)];
    };
    expect(() => tf.tidy(() => void compile(refused, [], [count])))
      .to.throw()
      .with.property("code", "GRAPH_NOT_CLOSED");
    expect([...count.dataSync()]).to.deep.equal([1, 2]);
    count.dispose();
  });

  it("is recorded in the memory of one operation, not of all that it computes", () => {
    const x = tf.zeros([5_000_000]); // 20 MB
    const before = process.memoryUsage().rss;
    let held = x;
    const chain = () => {
      const values = Array.from({ length: 40 }, () => (held = held.add(1)));
      return [tf.addN(values.map((value) => value.sum()))];
    };
    const graph = compile(chain, [x], []);
    expect((process.memoryUsage().rss - before) / 2 ** 20).to.be.below(300); // all of it is 800 MB
    const [sum] = tf.tidy(() => graph.run([x], []).outputs);
    expect(sum?.dataSync()[0]).to.equal(820 * 5_000_000);
    sum?.dispose();
    graph.dispose();
    x.dispose();
  });

  for (const normalisation of ["none", "group", "batch-local"] as const) {
    it(`infers as operation after operation does, within rounding (${normalisation})`, () => {
      const network = createNetwork({ ...smallSpec, normalisation }, 5);
      tf.tidy(() => {
        const x = tf.randomUniform<import("@tensorflow/tfjs-node-gpu").Rank.R5>([2, 4, 32, 32, 1], 0, 1, "float32", 3);
        const eager = network.forward(x, { training: false }).lengths.dataSync();
        const graph = infer(network, x).dataSync();
        for (const [i, value] of eager.entries()) expect(graph[i]).to.be.closeTo(value, 1e-6);
        expect(infer(network, x).dataSync()).to.deep.equal(graph);
      });
      network.dispose();
    });
  }

  it("is kept for its key until eight others were asked for since", () => {
    let made = 0;
    let ended = 0;
    const graph = () => ({ number: ++made, run: () => ({ outputs: [], assign() {} }), dispose: () => void ended++ });
    const first = compiled("test/0", graph);
    for (let other = 1; other < 8; other++) compiled(`test/${other}`, graph);
    expect(compiled("test/0", graph)).to.equal(first);
    compiled("test/8", graph);
    expect(ended).to.equal(1);
    expect(compiled("test/0", graph)).to.equal(first);
  });
});
