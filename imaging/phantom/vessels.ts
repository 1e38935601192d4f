// The vessel tree of a lung, grown from the hilum into a cloud of points: it branches, tapers and fills the lung
// without ever leaving it, which is what the eye looks for in a lung window.
import type { Random } from "./random.ts";

export type Point = readonly [x: number, y: number, z: number];

/** A straight piece of a vessel, mm. */
export interface Vessel {
  readonly from: Point;
  readonly to: Point;
  readonly radiusMm: number;
}

/**
 * Grows a tree that supplies every given point, dividing them between two branches at each fork (radii after
 * Murray's law, exponent 2.7).
 *
 * @param inside must say whether a point may hold a vessel
 */
export function growVessels(
  root: Point,
  points: readonly Point[],
  trunkRadiusMm: number,
  random: Random,
  inside: (point: Point) => boolean,
): Vessel[] {
  const vessels: Vessel[] = [];
  const total = points.length;
  const grow = (from: Point, served: readonly Point[], generation: number) => {
    if (served.length === 0 || generation > 22) return;
    const radiusMm = Math.max(0.45, trunkRadiusMm * (served.length / total) ** (1 / 2.7));
    const centre = mean(served);
    // The trunk forks at the hilum already, so that branches fan out from there.
    const share = served.length === 1 ? 1 : generation < 3 ? random.between(0.1, 0.2) : random.between(0.34, 0.5);
    const bend = served.length === 1 ? 0 : 0.12 * distance(from, centre);
    const to: Point = [
      from[0] + share * (centre[0] - from[0]) + random.between(-bend, bend),
      from[1] + share * (centre[1] - from[1]) + random.between(-bend, bend),
      from[2] + share * (centre[2] - from[2]) + random.between(-bend, bend),
    ];
    if (generation < 3 || inside(to)) vessels.push({ from, to, radiusMm });
    if (served.length === 1) return;
    const across = cutDirection(served, random);
    const key = (point: Point) => point[0] * across[0] + point[1] * across[1] + point[2] * across[2];
    const sorted = [...served].sort((a, b) => key(a) - key(b));
    const cut = Math.max(1, Math.round(sorted.length * random.between(0.36, 0.64)));
    grow(to, sorted.slice(0, cut), generation + 1);
    grow(to, sorted.slice(cut), generation + 1);
  };
  grow(root, points, 0);
  return vessels;
}

function mean(points: readonly Point[]): Point {
  const sum = [0, 0, 0];
  for (const point of points) for (let axis = 0; axis < 3; axis++) sum[axis]! += point[axis]!;
  return [sum[0]! / points.length, sum[1]! / points.length, sum[2]! / points.length];
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** A direction to part points along: by chance, but rather where they are spread far, so that no plane stays bare. */
function cutDirection(points: readonly Point[], random: Random): Point {
  const [x, y, z] = [0, 1, 2].map((axis) => {
    let low = Infinity;
    let high = -Infinity;
    for (const point of points) {
      low = Math.min(low, point[axis]!);
      high = Math.max(high, point[axis]!);
    }
    return random.between(-1, 1) * (high - low) ** 2;
  });
  return [x!, y!, z!];
}
