// A worker that holds a volume and cuts planes from it, away from the thread that answers fingers.

import { Volume, type Cut, type Size } from "./volume";

export type Told =
  | { open: Size }
  | { put: { at: number; samples: ArrayLike<number>; wide: number; gain: number; offset: number } }
  | { cut: Cut };

let volume: Volume | null = null;

/** Opening and cutting are answered, each in its turn; without memory the answer is an error. */
self.onmessage = ({ data }: MessageEvent<Told>) => {
  const answer = (said: object, passed: Transferable[] = []) => (self as unknown as Worker).postMessage(said, passed);
  try {
    if ("open" in data) {
      volume = new Volume(data.open);
      answer({});
    } else if ("put" in data) {
      const { at, samples, wide, gain, offset } = data.put;
      volume?.put(at, samples, wide, gain, offset);
    } else {
      const samples = volume?.cut(data.cut);
      answer({ samples }, samples ? [samples.buffer] : []);
    }
  } catch (error) {
    if (!("put" in data)) answer({ error: String(error) });
  }
};
