// The three planes in which a volume is looked at, as pictures of their own: where each lies, and which values it holds. All pure.

import type { Point } from "./affine";
import { type Name, type Row, TAG } from "./dicomjson";
import { picturesOf, type Made, type Picture } from "./pictures";
import { dot, plus, times, type Vector } from "./space";
import type { Stack } from "./stack";
import type { Tone } from "./tone";
import type { Axis, Cut, Side, Slab } from "./volume";

export type View = "axial" | "coronal" | "sagittal";
export const VIEWS: View[] = ["axial", "coronal", "sagittal"];

// Which way of the patient is drawn to the right and down, and comes next: x goes to the left hand, y to the back, z to the head.
const LOOK: Record<View, { across: Vector; down: Vector; next: Vector }> = {
  axial: { across: [1, 0, 0], down: [0, 1, 0], next: [0, 0, -1] },
  coronal: { across: [1, 0, 0], down: [0, 0, -1], next: [0, 1, 0] },
  sagittal: { across: [0, 1, 0], down: [0, 0, -1], next: [1, 0, 0] },
};
const FINEST = 2048; // pixels that slices far apart are drawn out to

/** A volume's values as they lie in the patient. */
export interface Grid {
  counts: [number, number, number];
  steps: [number, number, number]; // mm
  ways: [Vector, Vector, Vector];
  origin: Vector; // middle of the first value
  fine: number; // pixels that all slices are drawn out to, so that they are as near as the values within one
}

export interface Thickness {
  mm: number; // 0 = as thin as the values are
  slab: Slab;
}

/** Place in the volume: whole values along each axis. */
export type Place = [number, number, number];

export function gridOf({ slices, gap }: Stack, halved: boolean): Grid {
  const { plane, spacing, columns, rows } = slices[0] as Picture;
  if (!plane || !spacing) throw new TypeError("a stack without a place"); // stackOf never makes one
  const by = halved ? 2 : 1;
  const steps: Grid["steps"] = [spacing.across * by, spacing.down * by, gap];
  const aside = plus(times(plane.along, ((by - 1) * spacing.across) / 2), times(plane.down, ((by - 1) * spacing.down) / 2));
  const drawnOut = Math.round(((slices.length - 1) * gap) / Math.min(steps[0], steps[1])) + 1;
  return {
    counts: [Math.floor(columns / by), Math.floor(rows / by), slices.length],
    steps,
    ways: [plane.along, plane.down, plane.normal],
    origin: plus(plane.origin, aside),
    fine: Math.max(slices.length, Math.min(FINEST, drawnOut)),
  };
}

/** One of the three planes through a volume. */
export class Planes {
  readonly next: Side; // across which it moves on
  readonly across: Side;
  readonly down: Side;

  constructor(readonly view: View, readonly grid: Grid) {
    const axes = nearest(grid.ways);
    const side = (way: Vector): Side => {
      const axis = axes[way.findIndex((part) => part !== 0)] as Axis;
      return { axis, back: dot(way, grid.ways[axis]) < 0 };
    };
    const { across, down, next } = LOOK[view];
    [this.across, this.down, this.next] = [side(across), side(down), side(next)];
  }

  /** How many there are, one behind the other. */
  get count(): number {
    return this.grid.counts[this.next.axis];
  }

  /** Which of them goes through a place, and the reverse. */
  indexAt(place: Place): number {
    return turned(place[this.next.axis], this.next, this.count);
  }

  placeAt(index: number): number {
    return turned(index, this.next, this.count);
  }

  /** A place as it is drawn, in picture coordinates. */
  pointOf(place: Place): Point {
    const at = ({ axis, back }: Side) => {
      const along = place[axis] * this.enlarged(axis);
      return (back ? this.drawn(axis) - 1 - along : along) + 0.5;
    };
    return { x: at(this.across), y: at(this.down) };
  }

  /** The place of a point of the picture; what it says nothing of stays. */
  moved(place: Place, point: Point): Place {
    const found: Place = [...place];
    for (const [side, at] of [[this.across, point.x], [this.down, point.y]] as [Side, number][]) {
      const drawn = side.back ? this.drawn(side.axis) - 0.5 - at : at - 0.5;
      const last = this.grid.counts[side.axis] - 1;
      found[side.axis] = Math.max(0, Math.min(last, Math.round(drawn / this.enlarged(side.axis))));
    }
    return found;
  }

  /** What is to be cut for one of them. */
  cut(index: number, { mm, slab }: Thickness): Cut {
    const place = this.placeAt(index);
    const more = this.more(mm);
    const { axis } = this.next;
    const { across, down, grid } = this;
    return { axis, from: Math.max(0, place - more), to: Math.min(this.count - 1, place + more), slab, across, down, fine: grid.fine };
  }

  /** All of them as pictures, made of a series whose words and values they keep. */
  pictures(like: Picture, tone: Tone, description: string, made: (index: number) => Made): Picture[] {
    return Array.from({ length: this.count }, (_, index) => {
      const row = this.row(like.row, index, description);
      const [picture] = picturesOf(like.study, like.series, row) as [Picture];
      return { ...picture, tone, made: made(index) };
    });
  }

  /** How thick one of them is when so many mm are asked for; at its thinnest a slice is as thick as it was taken. */
  thickness(mm: number, taken: number | undefined): number {
    const more = this.more(mm);
    return more === 0 && this.next.axis === 2 && taken ? taken : (2 * more + 1) * this.step;
  }

  /** Neighbours on each side that are taken with it. */
  private more(mm: number): number {
    return Math.max(0, Math.round((mm / this.step - 1) / 2));
  }

  /** mm from one to the next. */
  private get step(): number {
    return this.grid.steps[this.next.axis];
  }

  private drawn(axis: Axis): number {
    return axis === 2 ? this.grid.fine : this.grid.counts[axis];
  }

  /** Pixels from one value to the next. */
  private enlarged(axis: Axis): number {
    return (this.drawn(axis) - 1) / Math.max(1, this.grid.counts[axis] - 1);
  }

  /** As the image would be described, had a device made it. */
  private row(like: Row, index: number, description: string): Row {
    const { grid, across, down } = this;
    const place: Place = [0, 0, 0];
    place[this.next.axis] = this.placeAt(index);
    for (const { axis, back } of [across, down]) place[axis] = back ? grid.counts[axis] - 1 : 0;
    const origin = place.reduce((at, count, axis) => plus(at, times(grid.ways[axis] as Vector, count * (grid.steps[axis] as number))), grid.origin);
    const way = ({ axis, back }: Side) => times(grid.ways[axis], back ? -1 : 1);
    const spacing = ({ axis }: Side) => grid.steps[axis] / this.enlarged(axis);
    const said: [Name, unknown[]][] = [
      ["SOPInstanceUID", [`${this.view}-${index + 1}`]], ["InstanceNumber", [index + 1]], ["SeriesDescription", [description]],
      ["Rows", [this.drawn(down.axis)]], ["Columns", [this.drawn(across.axis)]], ["PixelSpacing", [spacing(down), spacing(across)]],
      ["ImagePosition", origin], ["ImageOrientation", [...way(across), ...way(down)]],
    ];
    const kept = KEPT.flatMap((name) => (like[TAG[name]] ? [[TAG[name], like[TAG[name]]]] : []));
    return Object.fromEntries([...kept, ...said.map(([name, Value]) => [TAG[name], { vr: "", Value }])]) as Row;
  }
}

const KEPT: Name[] = [
  "PatientName", "PatientID", "StudyDate", "StudyDescription", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber", "FrameOfReference",
  "SOPClassUID", "Photometric", "SamplesPerPixel", "BitsAllocated", "BitsStored", "PixelRepresentation",
];

const turned = (place: number, { back }: Side, count: number): number => (back ? count - 1 - place : place);

const ORDERS: [Axis, Axis, Axis][] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/** The axes of the volume that go along x, y and z of the patient, as nearly as they do. */
function nearest(ways: Grid["ways"]): [Axis, Axis, Axis] {
  const along = (order: [Axis, Axis, Axis]) => order.reduce<number>((sum, axis, xyz) => sum + Math.abs(ways[axis][xyz] as number), 0);
  return ORDERS.reduce((best, each) => (along(each) > along(best) ? each : best));
}
