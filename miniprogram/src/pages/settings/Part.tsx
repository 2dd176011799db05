// One part of the settings.
import type { ReactNode } from "react";

import { Card } from "../../parts/Pieces";

/** A card with its name above. */
export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="stack">
      <h2 className="heading">{title}</h2>
      <Card>{children}</Card>
    </section>
  );
}
