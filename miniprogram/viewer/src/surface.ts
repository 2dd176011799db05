// The dark place where one picture hangs: draws it in its posture, as sharp as the screen is. Knows nothing of DICOM.

import { fit, onScreen, UPRIGHT, type Affine, type Posture } from "./affine";

const DENSEST = 3; // device pixels a CSS pixel; more is not seen

export class Surface {
  posture: Posture = UPRIGHT;
  columns = 1;
  rows = 1;
  aspect = 1;
  /** Drawn over the source, in the same place: a picture of the same columns and rows. */
  above: CanvasImageSource | null = null;
  private source: CanvasImageSource | null = null;
  private context: CanvasRenderingContext2D;
  private asked = 0;

  /** `drawn` is called after each drawing, `resized` when the place has another size. */
  constructor(readonly canvas: HTMLCanvasElement, private readonly drawn: () => void, private readonly resized: () => void) {
    this.context = canvas.getContext("2d") as CanvasRenderingContext2D;
    new ResizeObserver(() => this.measure()).observe(canvas);
  }

  get width(): number {
    return this.canvas.clientWidth || 1;
  }

  get height(): number {
    return this.canvas.clientHeight || 1;
  }

  get density(): number {
    return Math.min(window.devicePixelRatio || 1, DENSEST);
  }

  /** From picture coordinates to CSS pixels of the place. */
  get matrix(): Affine {
    return onScreen(this.columns, this.rows, this.aspect, this.width, this.height, this.posture);
  }

  /** CSS pixels that a column of the picture takes now. */
  get scale(): number {
    return fit(this.columns, this.rows, this.aspect, this.width, this.height, this.posture.turned) * this.posture.zoom;
  }

  /** Zoom at which a pixel of the picture is a pixel of the screen. */
  get actual(): number {
    return this.posture.zoom / (this.scale * (this.canvas.width / this.width));
  }

  show(source: CanvasImageSource | null, columns: number, rows: number, aspect: number): void {
    Object.assign(this, { source, columns, rows, aspect });
    this.draw();
  }

  clear(): void {
    this.source = null;
    this.draw();
  }

  hang(posture: Posture): void {
    this.posture = posture;
    this.draw();
  }

  /** Draw with the next frame of the screen, however often it is asked for. */
  draw(): void {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => this.now());
  }

  /** Draw at once: for what must not wait for another frame. */
  now(): void {
    cancelAnimationFrame(this.asked);
    this.asked = 0;
    const { canvas, context } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (this.source) this.paint(this.source);
    this.drawn();
  }

  private paint(source: CanvasImageSource): void {
    const density = this.canvas.width / this.width;
    const [a, b, c, d, e, f] = this.matrix.map((one) => one * density) as Affine;
    const exact = Math.abs(Math.abs(a) + Math.abs(b) - 1) < 1e-3 && Math.abs(Math.abs(c) + Math.abs(d) - 1) < 1e-3;
    this.context.imageSmoothingEnabled = !exact; // pixel for pixel, nothing is made up between them
    this.context.imageSmoothingQuality = "high";
    this.context.setTransform(a, b, c, d, exact ? Math.round(e) : e, exact ? Math.round(f) : f);
    this.context.drawImage(source, 0, 0, this.columns, this.rows);
    if (this.above) this.context.drawImage(this.above, 0, 0, this.columns, this.rows);
  }

  private measure(): void {
    const { canvas, density } = this;
    if (!canvas.clientWidth || !canvas.clientHeight) return;
    canvas.width = Math.round(canvas.clientWidth * density);
    canvas.height = Math.round(canvas.clientHeight * density);
    this.now();
    this.resized();
  }
}
