import { expect } from "chai";
import { PNG } from "pngjs";
import { lineChart } from "../../../scripts/charts/line-chart.ts";
import { reliabilityChart } from "../../../scripts/charts/reliability-chart.ts";
import { rocChart } from "../../../scripts/charts/roc-chart.ts";
import { ticks } from "../../../scripts/charts/svg.ts";
import { svgToPng } from "../../../scripts/charts/svg-to-png.ts";

const axes = { title: "Scores", xLabel: "round", yLabel: "balanced accuracy" };

describe("charts", () => {
  it("place higher values higher, later values further right", () => {
    const [[x0, y0], [x1, y1]] = lineOf(
      lineChart(
        [
          {
            name: "a",
            points: [
              { x: 1, y: 0.5 },
              { x: 2, y: 0.9 },
            ],
          },
        ],
        axes,
      ),
    ) as [number[], number[]];
    expect(x1).to.be.greaterThan(x0!);
    expect(y1).to.be.lessThan(y0!);
  });

  it("leave out what is not a number instead of breaking the line", () => {
    const svg = lineChart(
      [
        {
          name: "a",
          points: [
            { x: 1, y: 0.5 },
            { x: 2, y: Number.NaN },
            { x: 3, y: 0.6 },
          ],
        },
      ],
      axes,
    );
    expect(svg).not.to.include("NaN");
    expect(lineOf(svg)).to.have.length(2);
  });

  it("draw empty and single-valued data without failing", () => {
    for (const points of [[], [{ x: 3, y: 0.5, low: 0.4, high: 0.6 }]]) {
      const svg = lineChart([{ name: "a", points }], { ...axes, reference: { y: 0.5, label: "chance" } });
      expect(svg).not.to.match(/NaN|Infinity/);
    }
  });

  it("escape names, so that a hospital's name cannot add to the document", () => {
    const svg = lineChart([{ name: '<script>"&', points: [] }], axes);
    expect(svg).to.include("&lt;script&gt;&quot;&amp;").and.not.to.include("<script>");
  });

  it("trace the ROC of tied scores as one diagonal step and of a perfect score over the corner", () => {
    const labels = [true, true, false, false];
    expect(lineOf(rocChart([{ name: "tied", scores: [1, 1, 1, 1], labels }]))).to.have.length(2);
    const perfect = lineOf(rocChart([{ name: "perfect", scores: [0.9, 0.8, 0.2, 0.1], labels }]));
    const corner = perfect.filter(([x, y]) => x === perfect[0]![0] && y === perfect.at(-1)![1]);
    expect(corner).to.have.length(1);
  });

  it("put each bin of a reliability diagram at its mean probability", () => {
    const svg = reliabilityChart([{ name: "model", probabilities: [0.05, 0.95, 0.95], labels: [false, true, true] }]);
    expect(lineOf(svg)).to.have.length(2);
  });

  it("choose round numbers for the axis", () => {
    expect(ticks(0, 1)).to.deep.equal([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks(1, 5)).to.deep.equal([1, 2, 3, 4, 5]);
  });

  it("become PNG pictures with readable text", () => {
    const chart = (title: string) => PNG.sync.read(svgToPng(lineChart([], { ...axes, title })));
    expect(chart("A").width).to.equal(2 * 760);
    // Had the font not been found, text would be blank and all titles alike.
    expect(chart("A").data.equals(chart("W").data)).to.equal(false);
  });
});

function lineOf(svg: string): number[][] {
  const points = /<polyline points="([^"]*)"/.exec(svg)?.[1] ?? "";
  return points
    .split(" ")
    .filter(Boolean)
    .map((pair) => pair.split(",").map(Number));
}
