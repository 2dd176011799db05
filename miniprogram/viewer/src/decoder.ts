// A worker that unpacks HTJ2K (PS3.5 section 8.2.14) with OpenJPH, away from the thread that answers fingers.

import OpenJPH from "@cornerstonejs/codec-openjph";
import wasm from "@cornerstonejs/codec-openjph/wasm";

interface Asked {
  id: number;
  bytes: Uint8Array;
}

const module = OpenJPH({ locateFile: () => wasm });

self.onmessage = async ({ data }: MessageEvent<Asked>) => {
  try {
    const done = decode(await module, data.bytes);
    (self as unknown as Worker).postMessage({ id: data.id, ...done }, [done.samples.buffer]);
  } catch (error) {
    (self as unknown as Worker).postMessage({ id: data.id, error: String(error) });
  }
};

type Module = Awaited<ReturnType<typeof OpenJPH>>;

function decode(openjph: Module, bytes: Uint8Array) {
  const decoder = new openjph.HTJ2KDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const { width, height, bitsPerSample, componentCount, isSigned } = decoder.getFrameInfo();
    const samples = decoder.getDecodedBuffer().slice(); // the decoder's memory is used again
    return { samples, columns: width, rows: height, bits: bitsPerSample, components: componentCount, signed: isSigned };
  } finally {
    decoder.delete();
  }
}
