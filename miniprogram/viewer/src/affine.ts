// Places on the picture and on the screen, and the way between them. All pure.

export interface Point {
  x: number;
  y: number;
}

/** x' = a x + c y + e, y' = b x + d y + f, as canvas and SVG write it. */
export type Affine = [a: number, b: number, c: number, d: number, e: number, f: number];

export interface Posture {
  zoom: number; // 1 = the whole picture fits
  x: number; // moved by so many CSS pixels
  y: number;
  turned: number; // degrees clockwise
  mirrored: boolean; // left and right changed, before it is turned
}

export const UPRIGHT: Posture = { zoom: 1, x: 0, y: 0, turned: 0, mirrored: false };

/** CSS pixels a column of the picture takes when all of it fits into the box; `aspect` = height of a pixel by its width. */
export function fit(columns: number, rows: number, aspect: number, width: number, height: number, turned: number): number {
  const lying = Math.round(turned / 90) % 2 !== 0;
  const [wide, high] = lying ? [rows * aspect, columns] : [columns, rows * aspect];
  return Math.min(width / wide, height / high);
}

/** From picture coordinates (0,0 = outer corner of the first pixel) to CSS pixels of a box. */
export function onScreen(columns: number, rows: number, aspect: number, width: number, height: number, posture: Posture): Affine {
  const scale = fit(columns, rows, aspect, width, height, posture.turned) * posture.zoom;
  const angle = (posture.turned * Math.PI) / 180;
  const [cos, sin] = [Math.round(Math.cos(angle) * 1e12) / 1e12, Math.round(Math.sin(angle) * 1e12) / 1e12];
  const across = scale * (posture.mirrored ? -1 : 1);
  const [a, b, c, d] = [cos * across, sin * across, -sin * scale * aspect, cos * scale * aspect];
  const [middleX, middleY] = [width / 2 + posture.x, height / 2 + posture.y];
  return [a, b, c, d, middleX - (a * columns + c * rows) / 2, middleY - (b * columns + d * rows) / 2];
}

/** The same posture, enlarged and moved so that a part of the picture fills the box. */
export function showing(part: { start: Point; end: Point }, columns: number, rows: number, aspect: number, width: number, height: number, posture: Posture): Posture {
  const { start, end } = part;
  const near = fit(end.x - start.x, end.y - start.y, aspect, width, height, posture.turned);
  const closer = { ...posture, zoom: near / fit(columns, rows, aspect, width, height, posture.turned), x: 0, y: 0 };
  const middle = through(onScreen(columns, rows, aspect, width, height, closer), { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 });
  return { ...closer, x: width / 2 - middle.x, y: height / 2 - middle.y };
}

export const through = ([a, b, c, d, e, f]: Affine, { x, y }: Point): Point => ({ x: a * x + c * y + e, y: b * x + d * y + f });

export function inverse([a, b, c, d, e, f]: Affine): Affine {
  const det = a * d - b * c;
  return [d / det, -b / det, -c / det, a / det, (c * f - d * e) / det, (b * e - a * f) / det];
}

/** Mirrored as the eye sees it, however it is turned: across = left and right, else above and below. */
export function flipped(posture: Posture, across: boolean): Posture {
  const turned = (((across ? 0 : 180) - posture.turned) % 360 + 360) % 360;
  return { ...posture, mirrored: !posture.mirrored, turned };
}

export const rotated = (posture: Posture, degrees: number): Posture => ({
  ...posture,
  turned: (((posture.turned + degrees) % 360) + 360) % 360,
});

/** Larger by `factor` around a point of the box (CSS pixels), which stays where it is. */
export function enlarged(posture: Posture, factor: number, at: Point, width: number, height: number, most: number): Posture {
  const zoom = Math.min(most, Math.max(0.25, posture.zoom * factor));
  const ratio = zoom / posture.zoom;
  const [fromX, fromY] = [at.x - width / 2, at.y - height / 2];
  return { ...posture, zoom, x: fromX - (fromX - posture.x) * ratio, y: fromY - (fromY - posture.y) * ratio };
}

/** Moved, but so that the middle of the box always shows some of it. */
export function moved(posture: Posture, dx: number, dy: number, width: number, height: number): Posture {
  const held = (place: number, most: number) => Math.min(most, Math.max(-most, place));
  const [mostX, mostY] = [(width * posture.zoom) / 2, (height * posture.zoom) / 2];
  return { ...posture, x: held(posture.x + dx, mostX), y: held(posture.y + dy, mostY) };
}
