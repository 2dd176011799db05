// What every page stands in: type size, a head with the way back, the bar of a weak network, and the hospital's phone below.
import Taro from "@tarojs/taro";
import { type ReactNode, useEffect } from "react";

import { back } from "../state/go";
import { useRetrying } from "../state/network";
import { useSeenAt } from "../state/seen";
import { systemScale, useSettings } from "../state/settings";
import { useWords } from "../words";
import { commonWords } from "../words/common";
import { sayMoment } from "../words/moments";
import { HospitalPhone } from "./HospitalPhone";

interface Props {
  title: string;
  children: ReactNode;
  first?: boolean; // nothing to go back to
  dark?: boolean;
  bare?: boolean; // no edges and no foot: a picture fills it
  aside?: ReactNode; // at the right of the head
  onBack?: () => void; // where a page has steps of its own
  hospital?: string; // code of the hospital to ring; all of mine where none is named
}

const BASE = { usual: 17, elder: 22 }; // px of 1rem in a mini-program

/** A page. */
export function Page({ title, children, first, dark, bare, aside, onBack, hospital }: Props) {
  const { elder } = useSettings();
  const say = useWords(commonWords);
  const retrying = useRetrying();
  const seenAt = useSeenAt();
  const mini = process.env.TARO_ENV !== "h5";
  const rem = { "--rem": `${(elder ? BASE.elder : BASE.usual) * Math.max(1, elder ? 1 : systemScale())}px` } as object;
  useEffect(() => {
    if (process.env.TARO_ENV === "h5") {
      document.title = title;
    } else {
      void Taro.setNavigationBarTitle({ title });
    }
  }, [title]);
  return (
    <div className={`app${elder ? " elder" : ""}${dark ? " dark" : ""}`} style={mini ? rem : undefined}>
      {retrying && (
        <div className="bar" role="status">
          {say.offline}
        </div>
      )}
      {seenAt && !retrying && (
        <div className="bar" role="status">
          {say.seenAt(sayMoment(seenAt))}{" "}
          <button className="bar-way" onClick={() => window.location.reload()}>
            {say.retry}
          </button>
        </div>
      )}
      <div className={bare ? "bare" : "inner"}>
        {!mini && (
          <header className="head">
            {!first && (
              <button className="button plain" onClick={onBack || back}>
                <span aria-hidden="true">‹</span> {say.back}
              </button>
            )}
            <h1 className="title grow">{title}</h1>
            {aside}
          </header>
        )}
        {mini && aside && <div className="head">{aside}</div>}
        <main className="loose">{children}</main>
        {!bare && <HospitalPhone hospital={hospital} />}
      </div>
    </div>
  );
}
