// How wide a film is asked for: the narrowest that lies ready at the server and still is as fine as the screen.
import Taro from "@tarojs/taro";

const TIERS = [720, 1080, 1440, 2160, 4320]; // the last is drawn when somebody looks that close
const FINEST = 3; // a phone's finer screens show no more of a film

/** Pixels of width for a page that is shown that many times as wide as the screen. */
export function widthFor(scale: number): number {
  const { windowWidth, pixelRatio } = screen();
  const wanted = windowWidth * Math.min(pixelRatio, FINEST) * scale;
  return TIERS.find((tier) => tier >= wanted * 0.9) || TIERS[TIERS.length - 1];
}

function screen(): { windowWidth: number; pixelRatio: number } {
  if (process.env.TARO_ENV !== "h5") {
    return Taro.getSystemInfoSync();
  }
  return { windowWidth: Math.min(window.innerWidth, 1200), pixelRatio: window.devicePixelRatio || 1 };
}
