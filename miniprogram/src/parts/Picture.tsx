// A picture of the server. A browser asks with its cookie; a mini-program fetches it with its token and shows the file.
import Taro from "@tarojs/taro";
import { useEffect, useState } from "react";

import { token } from "../api/tokens";
import { addressOf } from "../api/transport";

interface Props {
  path: string;
  words: string; // what it shows; empty for decoration
  className: string;
  onLoad?: () => void;
  onError?: () => void;
  atOnce?: boolean;
}

export function Picture({ path, words, className, onLoad, onError, atOnce }: Props) {
  const source = useSource(path, onError);
  if (!source) {
    return null;
  }
  return (
    <img
      className={className}
      src={source}
      alt={words}
      loading={atOnce ? "eager" : "lazy"}
      decoding="async"
      draggable={false}
      onLoad={onLoad}
      onError={onError}
      {...(process.env.TARO_ENV === "h5" ? {} : ({ mode: "aspectFit" } as object))}
    />
  );
}

function useSource(path: string, onError?: () => void): string {
  const [file, setFile] = useState("");
  useEffect(() => {
    if (process.env.TARO_ENV === "h5") {
      return;
    }
    let wanted = true;
    const header = { Authorization: `Bearer ${token()}` };
    Taro.downloadFile({ url: addressOf(path), header }).then(
      (told) => wanted && (told.statusCode === 200 ? setFile(told.tempFilePath) : onError?.()),
      () => wanted && onError?.(),
    );
    return () => {
      wanted = false;
    };
  }, [path]);
  return process.env.TARO_ENV === "h5" ? path : file;
}
