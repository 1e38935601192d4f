// The pointing game (Zhang 2018): of the slices that weigh most for a score, does the highest cell of the activation hold a lesion?
// Only synthetic patients have lesions that are known to the pixel.
import { type ActivationMaps, classActivation } from "../../model/network/class-activation.ts";
import { type Explanation, explain } from "../../model/network/explain.ts";
import type { Network } from "../../model/network/network.ts";
import type { SegmentationSet } from "../../model/segmentation/segmentation-set.ts";

/** Slices of a scan that are played, as many as the pictures of predict show. */
const heaviestSlices = 3;

/** The highest cell of one slice. */
export interface Pointed {
  /** Among the slices that the network saw. */
  readonly place: number;
  readonly row: number;
  readonly column: number;
  /** Whether lesion lies in it. */
  readonly isHit: boolean;
  /** Share of the lung's cells in this slice in which lesion lies. */
  readonly chance: number;
}

export interface PlayedScan {
  readonly explanation: Explanation;
  readonly maps: ActivationMaps;
  /** The heaviest slice first. */
  readonly pointed: readonly Pointed[];
}

/** @param index of a positive scan @throws DATA_SHAPE_MISMATCH */
export function playPointingGame(network: Network, set: SegmentationSet, index: number): PlayedScan {
  const { height, width } = set;
  const explanation = explain(network, set, index);
  const maps = classActivation(network, set, index);
  const { votes } = explanation;
  const { rows, columns, values } = maps;
  const { lung, lesion } = set.masks(index);
  const cells = Array.from({ length: rows * columns }, (_, cell) => cell);
  const heaviest = [...votes.keys()].sort((a, b) => votes[b]!.weight - votes[a]!.weight).slice(0, heaviestSlices);
  const pointed = heaviest.map((place): Pointed => {
    const holds = (mask: Uint8Array, cell: number) => {
      const [top, left] = [Math.floor(cell / columns) * (height / rows), (cell % columns) * (width / columns)];
      for (let y = Math.floor(top); y < top + height / rows; y++) {
        const from = (votes[place]!.slice * height + y) * width;
        if (mask.subarray(from + Math.floor(left), from + Math.ceil(left + width / columns)).includes(1)) return true;
      }
      return false;
    };
    const heat = (cell: number) => values[place * rows * columns + cell]!;
    const highest = cells.reduce((best, cell) => (heat(cell) > heat(best) ? cell : best));
    const inLung = cells.filter((cell) => holds(lung, cell));
    return {
      ...{ place, row: Math.floor(highest / columns), column: highest % columns },
      isHit: heat(highest) > 0 && holds(lesion, highest),
      chance: inLung.filter((cell) => holds(lesion, cell)).length / Math.max(1, inLung.length),
    };
  });
  return { explanation, maps, pointed };
}

/** All points together. */
export interface PointingScore {
  readonly points: number;
  readonly hits: number;
  /** Hits expected of points anywhere in the lungs of the same slices. */
  readonly chance: number;
}

export function scorePointing(played: readonly PlayedScan[]): PointingScore {
  const all = played.flatMap(({ pointed }) => pointed);
  return {
    points: all.length,
    hits: all.filter(({ isHit }) => isHit).length,
    chance: all.reduce((sum, { chance }) => sum + chance, 0),
  };
}
