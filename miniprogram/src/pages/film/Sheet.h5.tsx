// In a browser: two fingers, the wheel or the buttons zoom without steps; one finger moves, and turns the page at its whole size.
import { forwardRef, useEffect, useImperativeHandle, useRef } from "react";

import type { SheetProps, Zoom } from "./Sheet";

export type { SheetProps, Zoom };

const LARGEST = 8;
const DOUBLE_TAP_MS = 320;
const TAP_PX = 12; // a finger that moves less has tapped
const TURN_PX = 64;
const WHEEL = 0.0022; // of a zoom a pixel

interface Place {
  scale: number;
  x: number;
  y: number;
}

export const Sheet = forwardRef<Zoom, SheetProps>(function Sheet({ children, ratio, onScale, onDoubleTap, onTurn }, ref) {
  const area = useRef<HTMLDivElement>(null);
  const page = useRef<HTMLDivElement>(null);
  const place = useRef<Place>({ scale: 1, x: 0, y: 0 });
  const told = useRef({ onScale, onDoubleTap, onTurn });
  told.current = { onScale, onDoubleTap, onTurn };

  const show = (wanted: Place) => {
    const box = area.current;
    const sheet = page.current;
    if (!box || !sheet) {
      return;
    }
    const scale = Math.min(Math.max(wanted.scale, 1), LARGEST);
    const x = held(wanted.x, box.clientWidth - sheet.offsetWidth * scale);
    const y = held(wanted.y, box.clientHeight - sheet.offsetHeight * scale);
    const changed = scale !== place.current.scale;
    place.current = { scale, x, y };
    sheet.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    if (changed) {
      told.current.onScale(scale);
    }
  };
  /** What lies under that point of the area stays there. */
  const zoomAt = (factor: number, x: number, y: number) => {
    const at = place.current;
    const scale = Math.min(Math.max(at.scale * factor, 1), LARGEST);
    const grown = scale / at.scale;
    show({ scale, x: x - (x - at.x) * grown, y: y - (y - at.y) * grown });
  };
  useImperativeHandle(ref, () => ({
    by: (factor) => {
      const box = area.current;
      if (box) {
        zoomAt(factor, box.clientWidth / 2, box.clientHeight / 2);
      }
    },
    whole: () => show({ scale: 1, x: 0, y: 0 }),
  }));

  useEffect(() => {
    const fit = () => {
      const [box, sheet] = [area.current, page.current];
      if (box && sheet) {
        sheet.style.width = `${Math.min(box.clientWidth, box.clientHeight * ratio)}px`;
        show(place.current);
      }
    };
    fit();
    window.addEventListener("resize", fit);
    return () => window.removeEventListener("resize", fit);
  }, [ratio]);

  useEffect(() => {
    const box = area.current;
    if (!box) {
      return;
    }
    const fingers = new Map<number, { x: number; y: number }>();
    let begun = { x: 0, y: 0, at: 0, many: false };
    let tap = { x: 0, y: 0, at: 0 };
    const point = (event: PointerEvent | WheelEvent) => {
      const edge = box.getBoundingClientRect();
      return { x: event.clientX - edge.left, y: event.clientY - edge.top };
    };
    const down = (event: PointerEvent) => {
      const at = point(event);
      fingers.set(event.pointerId, at);
      begun = fingers.size === 1 ? { ...at, at: event.timeStamp, many: false } : { ...begun, many: true };
      box.setPointerCapture?.(event.pointerId);
    };
    const move = (event: PointerEvent) => {
      const from = fingers.get(event.pointerId);
      if (!from) {
        return;
      }
      const at = point(event);
      const other = [...fingers.entries()].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const grown = distance(at, other) / Math.max(1, distance(from, other));
        zoomAt(grown, (at.x + other.x) / 2, (at.y + other.y) / 2);
      } else {
        const now = place.current;
        show({ ...now, x: now.x + at.x - from.x, y: now.y + at.y - from.y });
      }
      fingers.set(event.pointerId, at);
    };
    const up = (event: PointerEvent) => {
      if (!fingers.delete(event.pointerId) || fingers.size || begun.many) {
        return;
      }
      const at = point(event);
      const [wide, high] = [at.x - begun.x, at.y - begun.y];
      if (Math.abs(wide) < TAP_PX && Math.abs(high) < TAP_PX) {
        tapped(at, event.timeStamp);
      } else if (place.current.scale === 1 && Math.abs(wide) > Math.max(TURN_PX, 2 * Math.abs(high))) {
        told.current.onTurn(wide < 0 ? 1 : -1);
      }
    };
    const tapped = (at: { x: number; y: number }, time: number) => {
      const sheet = page.current;
      if (sheet && time - tap.at < DOUBLE_TAP_MS && distance(at, tap) < 3 * TAP_PX) {
        const now = place.current;
        const [width, height] = [sheet.offsetWidth * now.scale, sheet.offsetHeight * now.scale];
        const [left, top] = [sheet.offsetLeft + now.x, sheet.offsetTop + now.y];
        told.current.onDoubleTap((at.x - left) / width, (at.y - top) / height);
        tap = { x: 0, y: 0, at: 0 };
        return;
      }
      tap = { ...at, at: time };
    };
    const gone = (event: PointerEvent) => void fingers.delete(event.pointerId);
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const at = point(event);
      zoomAt(Math.exp(-event.deltaY * WHEEL), at.x, at.y);
    };
    box.addEventListener("pointerdown", down);
    box.addEventListener("pointermove", move);
    box.addEventListener("pointerup", up);
    box.addEventListener("pointercancel", gone);
    box.addEventListener("wheel", wheel, { passive: false });
    return () => {
      box.removeEventListener("pointerdown", down);
      box.removeEventListener("pointermove", move);
      box.removeEventListener("pointerup", up);
      box.removeEventListener("pointercancel", gone);
      box.removeEventListener("wheel", wheel);
    };
  }, []);

  return (
    <div className="film-area" ref={area}>
      <div className="film-page" ref={page} style={{ aspectRatio: String(ratio) }}>
        {children}
      </div>
    </div>
  );
});

/** Where an edge may be: a page that is smaller than its place lies in its middle, a larger one leaves no gap. */
function held(wanted: number, spare: number): number {
  return spare >= 0 ? spare / 2 : Math.min(0, Math.max(spare, wanted));
}

function distance(one: { x: number; y: number }, other: { x: number; y: number }): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
