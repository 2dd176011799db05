// The volume in its worker, as the page sees it: slices go in, planes come out, one at a time.

import type { Told } from "./cutter";
import { Failure } from "./server";
import type { Samples } from "./tone";
import type { Cut, Size } from "./volume";

interface Answer {
  samples?: Samples;
  error?: string;
}

interface Job {
  told: Told;
  signal: AbortSignal | undefined;
  done: (answer: Answer) => void;
  failed: (failure: Failure) => void;
}

export class Cuts {
  private worker = new Worker(CUTTER);
  private waiting: Job[] = [];
  private doing: Job | null = null;

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<Answer>) => this.answered(data);
    this.worker.onerror = () => this.answered({ error: "worker" });
  }

  /** Make room; throws Failure when there is none. */
  async open(size: Size): Promise<void> {
    await this.ask({ open: size });
  }

  /** A slice's values, `wide` of them a row, each to become value * gain + offset. */
  put(at: number, samples: Samples, wide: number, gain: number, offset: number): void {
    this.tell({ put: { at, samples, wide, gain, offset } });
  }

  /** Values of a plane. Throws Failure, also when `signal` said stop before it was begun. */
  async cut(cut: Cut, signal?: AbortSignal): Promise<Samples> {
    const { samples } = await this.ask({ cut }, signal);
    if (!samples) throw new Failure("failed");
    return samples;
  }

  /** End the worker; all of its memory is free. */
  close(): void {
    this.worker.terminate();
    for (const { failed } of [...(this.doing ? [this.doing] : []), ...this.waiting]) failed(new Failure("failed"));
    Object.assign(this, { doing: null, waiting: [] });
  }

  private ask(told: Told, signal?: AbortSignal): Promise<Answer> {
    return new Promise((done, failed) => {
      this.waiting.push({ told, signal, done, failed });
      this.next();
    });
  }

  private next(): void {
    if (this.doing) return;
    const job = this.waiting.shift();
    if (!job) return;
    if (job.signal?.aborted) {
      job.failed(new Failure("failed")); // who asked looks at something else, and does not listen
      return this.next();
    }
    this.doing = job;
    this.tell(job.told);
  }

  private answered(answer: Answer): void {
    const job = this.doing;
    this.doing = null;
    if (answer.error) job?.failed(new Failure("failed"));
    else job?.done(answer);
    this.next();
  }

  private tell(told: Told): void {
    this.worker.postMessage(told);
  }
}
