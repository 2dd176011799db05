// A volume of grey values, slice upon slice, and planes cut from it. All pure; it lives in a worker.

/** 0 along a row of a slice, 1 down its columns, 2 from slice to slice. */
export type Axis = 0 | 1 | 2;
/** What becomes of the values of a thick plane. */
export type Slab = "mean" | "max" | "min";

export interface Side {
  axis: Axis;
  back: boolean; // drawn from its last value to its first
}

export interface Cut {
  axis: Axis; // that the plane lies across
  from: number; // its first and last place there, counted from 0
  to: number;
  slab: Slab;
  across: Side;
  down: Side;
  fine: number; // pixels that all slices are drawn out to
}

export interface Size {
  counts: [number, number, number]; // values along each axis
  signed: boolean;
  halved: boolean; // of each four values of a slice one is kept, their mean
}

type Values = Int16Array | Uint16Array;

export class Volume {
  private readonly values: Values;

  /** Throws RangeError when there is no memory for it. */
  constructor(private readonly size: Size) {
    const [columns, rows, slices] = size.counts;
    this.values = new (size.signed ? Int16Array : Uint16Array)(columns * rows * slices);
    if (size.signed) this.values.fill(-0x8000); // what has not come is black
  }

  /** A slice as it was sent, `wide` values a row; each becomes value * gain + offset. */
  put(at: number, samples: ArrayLike<number>, wide: number, gain: number, offset: number): void {
    const { values, size } = this;
    const [columns, rows] = size.counts;
    const begin = at * columns * rows;
    if (!size.halved && gain === 1 && offset === 0 && samples.length === columns * rows) return values.set(samples, begin);
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const value = size.halved ? ofFour(samples, 2 * row * wide + 2 * column, wide) : (samples[row * wide + column] as number);
        values[begin + row * columns + column] = Math.round(value * gain + offset);
      }
    }
  }

  /** Values of a plane, row by row as it is drawn; between two slices as much of each as it is near. */
  cut(cut: Cut): Values {
    const { counts, signed } = this.size;
    const [lower, upper] = ([0, 1, 2] as Axis[]).filter((axis) => axis !== cut.axis) as [Axis, Axis];
    const [wide, high] = [counts[lower], counts[upper]];
    const sheet = this.collapsed(cut, lower, upper);
    const drawn = (axis: Axis) => (axis === 2 ? cut.fine : counts[axis]);
    const columns = drawn(cut.across.axis);
    const out = new (signed ? Int16Array : Uint16Array)(columns * drawn(cut.down.axis));
    const [stepLower, fromLower] = way(cut, lower, columns, drawn(lower));
    const [stepUpper, fromUpper] = way(cut, upper, columns, drawn(upper));
    const lines = drawn(upper);
    for (let line = 0; line < lines; line += 1) {
      const place = lines > 1 ? (line * (high - 1)) / (lines - 1) : 0;
      const below = Math.max(0, Math.min(high - 2, Math.floor(place)));
      const share = place - below;
      const next = below + 1 < high ? wide : 0;
      let to = fromUpper + line * stepUpper + fromLower;
      for (let at = below * wide; at < (below + 1) * wide; at += 1, to += stepLower) {
        const value = sheet[at] as number;
        out[to] = Math.round(value + ((sheet[at + next] as number) - value) * share);
      }
    }
    return out;
  }

  /** The plane as it lies in the volume, all of its thickness in one. */
  private collapsed(cut: Cut, lower: Axis, upper: Axis): Float32Array {
    const { counts } = this.size;
    const strides = [1, counts[0], counts[0] * counts[1]] as [number, number, number];
    const [wide, high] = [counts[lower], counts[upper]];
    const sheet = new Float32Array(wide * high);
    const fill = cut.axis === 0 ? sideBySide : layer;
    for (let line = 0; line < high; line += 1) {
      const [begin, step] = [line * strides[upper], strides[lower]];
      fill(this.values, begin, step, strides[cut.axis], cut, sheet.subarray(line * wide, (line + 1) * wide));
    }
    return sheet;
  }
}

/** A line of a plane across the rows: what becomes one value lies side by side in memory. */
function sideBySide(values: Values, begin: number, step: number, _: number, { from, to, slab }: Cut, line: Float32Array): void {
  for (let spot = 0; spot < line.length; spot += 1) {
    const at = begin + spot * step;
    let found = values[at + from] as number;
    if (slab === "mean") for (let place = at + from + 1; place <= at + to; place += 1) found += values[place] as number;
    else if (slab === "max") for (let place = at + from + 1; place <= at + to; place += 1) found = Math.max(found, values[place] as number);
    else for (let place = at + from + 1; place <= at + to; place += 1) found = Math.min(found, values[place] as number);
    line[spot] = slab === "mean" ? found / (to - from + 1) : found;
  }
}

/** A line of any other plane, one layer after the other: the values of a layer lie side by side. */
function layer(values: Values, begin: number, step: number, apart: number, { from, to, slab }: Cut, line: Float32Array): void {
  for (let place = from; place <= to; place += 1) {
    let at = begin + place * apart;
    if (place === from) for (let spot = 0; spot < line.length; spot += 1, at += step) line[spot] = values[at] as number;
    else if (slab === "mean") for (let spot = 0; spot < line.length; spot += 1, at += step) line[spot] = (line[spot] as number) + (values[at] as number);
    else if (slab === "max") for (let spot = 0; spot < line.length; spot += 1, at += step) line[spot] = Math.max(line[spot] as number, values[at] as number);
    else for (let spot = 0; spot < line.length; spot += 1, at += step) line[spot] = Math.min(line[spot] as number, values[at] as number);
  }
  if (slab === "mean" && to > from) for (let spot = 0; spot < line.length; spot += 1) line[spot] = (line[spot] as number) / (to - from + 1);
}

/** How far apart in the drawn plane two neighbours of an axis are, and where its first one is. */
function way({ across, down }: Cut, axis: Axis, columns: number, length: number): [step: number, from: number] {
  const step = axis === across.axis ? 1 : columns;
  const back = axis === across.axis ? across.back : down.back;
  return back ? [-step, step * (length - 1)] : [step, 0];
}

const ofFour = (samples: ArrayLike<number>, at: number, wide: number): number =>
  ((samples[at] as number) + (samples[at + 1] as number) + (samples[at + wide] as number) + (samples[at + wide + 1] as number)) / 4;
