// The phone's app: nothing but the pages; each stands in parts/Page.
import type { PropsWithChildren } from "react";

import "./state/steps"; // first: it hears the phone's own back before the router does
import "./state/renewal";
import "./app.css";

export default function App({ children }: PropsWithChildren) {
  return children;
}
