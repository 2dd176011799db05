// The dark place where the picture hangs: fits it, enlarges it, moves it. Knows nothing of DICOM.

const DENSEST = 3; // device pixels a CSS pixel; more is not seen
const LARGEST = 12;
const STEP = 16; // asked sizes are whole steps, so that a moving address bar does not ask anew

export class Stage {
  constructor(canvas, changed) {
    Object.assign(this, { canvas, changed, bitmap: null, zoom: 1, x: 0, y: 0 });
    this.context = canvas.getContext("2d");
    new ResizeObserver(() => this.#resize()).observe(canvas); // calls once at the start, too
  }

  /** The box to ask a picture for, in device pixels; `density` 1 is enough while it moves. */
  box(density = this.density) {
    const whole = (side) => Math.max(STEP, Math.ceil((side * density) / STEP) * STEP);
    return [whole(this.canvas.clientWidth), whole(this.canvas.clientHeight)];
  }

  get density() {
    return Math.min(window.devicePixelRatio || 1, DENSEST);
  }

  show(bitmap) {
    this.bitmap = bitmap;
    this.draw();
  }

  clear() {
    this.bitmap = null;
    this.draw();
  }

  reset() {
    Object.assign(this, { zoom: 1, x: 0, y: 0 });
    this.draw();
    this.changed();
  }

  /** Enlarge by `factor` around a point of the canvas (CSS pixels); the point stays where it is. */
  enlarge(factor, centreX = this.canvas.clientWidth / 2, centreY = this.canvas.clientHeight / 2) {
    const zoom = Math.min(LARGEST, Math.max(1, this.zoom * factor));
    const ratio = zoom / this.zoom;
    const [fromX, fromY] = [centreX - this.canvas.clientWidth / 2, centreY - this.canvas.clientHeight / 2];
    this.x = fromX - (fromX - this.x) * ratio;
    this.y = fromY - (fromY - this.y) * ratio;
    this.zoom = zoom;
    this.move(0, 0);
    this.changed();
  }

  move(dx, dy) {
    const [width, height] = this.#fitted();
    this.x = within(this.x + dx, Math.max(0, (width * this.zoom - this.canvas.clientWidth) / 2));
    this.y = within(this.y + dy, Math.max(0, (height * this.zoom - this.canvas.clientHeight) / 2));
    this.draw();
  }

  draw() {
    const { canvas, context, bitmap } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!bitmap) return;
    const density = canvas.width / canvas.clientWidth;
    const [width, height] = this.#fitted().map((side) => side * this.zoom);
    const left = (canvas.clientWidth - width) / 2 + this.x;
    const top = (canvas.clientHeight - height) / 2 + this.y;
    context.imageSmoothingQuality = "high";
    context.setTransform(density, 0, 0, density, 0, 0);
    context.drawImage(bitmap, left, top, width, height);
  }

  #fitted() {
    if (!this.bitmap) return [this.canvas.clientWidth, this.canvas.clientHeight];
    const scale = Math.min(this.canvas.clientWidth / this.bitmap.width, this.canvas.clientHeight / this.bitmap.height);
    return [this.bitmap.width * scale, this.bitmap.height * scale];
  }

  #resize() {
    const { canvas, density } = this;
    if (!canvas.clientWidth || !canvas.clientHeight) return;
    canvas.width = Math.round(canvas.clientWidth * density);
    canvas.height = Math.round(canvas.clientHeight * density);
    this.move(0, 0);
    this.changed();
  }
}

const within = (place, most) => Math.min(most, Math.max(-most, place));
