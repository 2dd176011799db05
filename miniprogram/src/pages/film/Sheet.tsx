// In a mini-program the platform itself zooms and moves; a double tap says where.
import { MovableArea, MovableView } from "@tarojs/components";
import Taro from "@tarojs/taro";
import { forwardRef, type ReactNode, useImperativeHandle, useRef, useState } from "react";

export interface Zoom {
  by(factor: number): void;
  whole(): void;
}

export interface SheetProps {
  children: ReactNode;
  ratio: number; // width / height of the page
  onScale: (scale: number) => void;
  onDoubleTap: (x: number, y: number) => void; // from 0 to 1, of the page
  onTurn: (by: number) => void;
}

export const LARGEST = 8;
export const DOUBLE_TAP_MS = 320;

export const Sheet = forwardRef<Zoom, SheetProps>(function Sheet({ children, ratio, onScale, onDoubleTap }, ref) {
  const [scale, setScale] = useState(1);
  const last = useRef(0);
  const to = (wanted: number) => {
    const next = Math.min(Math.max(wanted, 1), LARGEST);
    setScale(next);
    onScale(next);
  };
  useImperativeHandle(ref, () => ({ by: (factor) => to(scale * factor), whole: () => to(1) }), [scale]);
  const tapped = (event: { detail?: unknown }) => {
    const now = Date.now();
    const at = event.detail as { x?: number; y?: number } | undefined;
    if (now - last.current < DOUBLE_TAP_MS && at?.x !== undefined && at.y !== undefined) {
      const { x, y } = at as { x: number; y: number };
      Taro.createSelectorQuery()
        .select("#film-page")
        .boundingClientRect((found) => {
          const box = found as { left: number; top: number; width: number; height: number };
          if (box?.width) {
            onDoubleTap((x - box.left) / box.width, (y - box.top) / box.height);
          }
        })
        .exec();
    }
    last.current = now;
  };
  return (
    <MovableArea className="film-area" scaleArea>
      <MovableView
        id="film-page"
        className="film-page"
        style={{ height: `${100 / ratio}vw` }}
        direction="all"
        scale
        scaleMin={1}
        scaleMax={LARGEST}
        scaleValue={scale}
        onScale={(event) => onScale(event.detail.scale)}
        onClick={tapped}
      >
        {children}
      </MovableView>
    </MovableArea>
  );
});
