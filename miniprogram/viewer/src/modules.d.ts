// Addresses of the workers' scripts, known when the page is built.
declare const DECODER: string;
declare const CUTTER: string;

interface FrameInfo {
  width: number;
  height: number;
  bitsPerSample: number;
  componentCount: number;
  isSigned: boolean;
}

declare module "@cornerstonejs/codec-openjph" {
  interface HTJ2KDecoder {
    getEncodedBuffer(length: number): Uint8Array;
    getDecodedBuffer(): Uint8Array;
    decode(): void;
    getFrameInfo(): FrameInfo;
    delete(): void;
  }
  export default function open(options: { locateFile(): string }): Promise<{ HTJ2KDecoder: new () => HTJ2KDecoder }>;
}

declare module "@cornerstonejs/codec-openjph/wasm" {
  const address: string;
  export default address;
}
