// The hospital's phone, one tap to call; on every page.
import Taro from "@tarojs/taro";
import { useEffect, useState } from "react";

import { hospitals, type Hospital } from "../api/hospitals";
import { useWords } from "../words";
import { commonWords } from "../words/common";

const MOST = 3; // more than these would bury the page

/** The phone of one hospital by its code, or of the first few. */
export function HospitalPhone({ hospital }: { hospital?: string }) {
  const say = useWords(commonWords);
  const [known, setKnown] = useState<Hospital[]>([]);
  useEffect(() => {
    hospitals().then(setKnown, () => undefined); // no phone to show is no reason to disturb
  }, []);
  const shown = known.filter((each) => each.help_phone && (!hospital || each.code === hospital)).slice(0, MOST);
  if (!shown.length) {
    return null;
  }
  return (
    <footer className="foot">
      <div>{say.help}</div>
      {shown.map((each) => (
        <div className="foot-line" key={each.code}>
          <span>{each.name}</span>
          <Call phone={each.help_phone || ""} />
        </div>
      ))}
    </footer>
  );
}

/** A number to tap. */
export function Call({ phone }: { phone: string }) {
  if (process.env.TARO_ENV === "h5") {
    return (
      <a className="link" href={`tel:${phone}`}>
        {phone}
      </a>
    );
  }
  return (
    <button className="button plain" onClick={() => void Taro.makePhoneCall({ phoneNumber: phone }).catch(() => undefined)}>
      {phone}
    </button>
  );
}
