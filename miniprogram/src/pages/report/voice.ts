// Reading aloud by the browser's own voice: nothing leaves the phone that it would not send by itself.
import { useState } from "react";

const LONGEST = 120; // characters at once; some browsers fall silent in longer ones

/** Whether this browser has a voice. */
export function canSpeak(): boolean {
  return process.env.TARO_ENV === "h5" && "speechSynthesis" in window;
}

/** Say a text, sentence after sentence, until its end or `stop`. */
export function useVoice() {
  const [speaking, setSpeaking] = useState(false);
  const stop = () => {
    if (canSpeak()) {
      window.speechSynthesis.cancel();
    }
    setSpeaking(false);
  };
  const say = (text: string) => {
    stop();
    const pieces = sentences(text);
    pieces.forEach((piece, index) => {
      const utterance = new SpeechSynthesisUtterance(piece);
      utterance.lang = "zh-CN";
      utterance.rate = 0.9;
      if (index === pieces.length - 1) {
        utterance.onend = () => setSpeaking(false);
        utterance.onerror = () => setSpeaking(false);
      }
      window.speechSynthesis.speak(utterance);
    });
    setSpeaking(pieces.length > 0);
  };
  return { speaking, say, stop };
}

/** A text in pieces short enough, cut where a voice rests. */
export function sentences(text: string): string[] {
  const found: string[] = [];
  for (const piece of text.match(/[^。；！？\n]+[。；！？\n]*/g) || []) {
    for (let at = 0; at < piece.length; at += LONGEST) {
      const said = piece.slice(at, at + LONGEST).trim();
      if (said) {
        found.push(said);
      }
    }
  }
  return found;
}
