// A share's code to scan, its passcode, until when, and the ways to take the code along.
import Taro from "@tarojs/taro";
import { useState } from "react";

import { one, type Share } from "../../api/shares";
import { token } from "../../api/tokens";
import { addressOf } from "../../api/transport";
import { open } from "../../state/go";
import { useWords } from "../../words";
import { inGroups } from "../../words/digits";
import { sayMoment } from "../../words/moments";
import { shareWords } from "../../words/share";
import { Picture } from "../Picture";
import { Button, Card } from "../Pieces";

export function Code({ share }: { share: Share }) {
  const say = useWords(shareWords);
  return (
    <Card>
      <p className="text middle">{say.shareScan}</p>
      <div className="share-qr">
        <Picture className="qr-picture" path={share.qr} words={say.shareQr} atOnce />
      </div>
      {share.passcode_digits && (
        <div className="share-passcode">
          <p className="text second">{say.passcode}</p>
          <p className="text share-digits">{inGroups(share.passcode_digits, 3)}</p>
          <p className="text second">{say.passcodeOnce}</p>
        </div>
      )}
      {share.passcode && !share.passcode_digits && (
        <div className="middle">
          <p className="text second">{say.passcodeGone}</p>
          <Button kind="plain" onTap={() => open("share", { again: share.id })}>
            {say.again}
          </Button>
        </div>
      )}
      <p className="text strong middle">
        {say.shareUntil(sayMoment(share.expires_at))}
        {share.max_opens === 1 ? `，${say.shareOnce}` : ""}
      </p>
      <div className="row">
        <SaveCode share={share} />
        <CopyLink share={share} />
      </div>
    </Card>
  );
}

/** A browser saves it as a file; a mini-program among the phone's photos. */
function SaveCode({ share }: { share: Share }) {
  const say = useWords(shareWords);
  const [said, setSaid] = useState("");
  if (process.env.TARO_ENV === "h5") {
    if (/MicroMessenger|AlipayClient/.test(navigator.userAgent)) {
      return <p className="text second">{say.savePress}</p>; // those browsers save no files, but pictures under a long finger
    }
    return (
      <a className="button quiet" href={share.qr} download="share-qr.png">
        {say.saveQr}
      </a>
    );
  }
  const save = async () => {
    try {
      const header = { Authorization: `Bearer ${token()}` };
      const file = await Taro.downloadFile({ url: addressOf(share.qr), header });
      await Taro.saveImageToPhotosAlbum({ filePath: file.tempFilePath });
      setSaid(say.savedQr);
    } catch {
      setSaid(say.saveQrFailed);
    }
  };
  return (
    <div className="stack">
      <Button kind="quiet" onTap={() => void save()}>
        {said === say.savedQr ? said : say.saveQr}
      </Button>
      {said === say.saveQrFailed && <p className="text second">{said}</p>}
    </div>
  );
}

function CopyLink({ share }: { share: Share }) {
  const say = useWords(shareWords);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    const url = share.url || (await one(share.id)).url || "";
    await Taro.setClipboardData({ data: url });
    setCopied(true);
  };
  return (
    <Button kind="quiet" onTap={() => void copy().catch(() => undefined)}>
      {copied ? say.copied : say.copyLink}
    </Button>
  );
}
