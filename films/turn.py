"""A picture turned and mirrored as a presentation state asks, with the letters at its edges and the points in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from films.orientation import Edges
from films.tables import Shades

QUARTER = 90


@dataclass(frozen=True, slots=True)
class Turn:
    """Degrees clockwise (0, 90, 180, 270), then mirrored left to right (PS3.3 C.10.6)."""

    degrees: int = 0
    mirrored: bool = False

    @property
    def lies(self) -> bool:
        """True when rows have become columns."""
        return self.degrees % (2 * QUARTER) != 0

    def picture(self, shades: Shades) -> Shades:
        """The picture as it is to be seen."""
        turned = np.rot90(shades, -(self.degrees // QUARTER))
        return np.ascontiguousarray(turned[:, ::-1] if self.mirrored else turned)

    def edges(self, edges: Edges) -> Edges:
        """The letters where they have gone."""
        for _ in range(self.degrees // QUARTER):
            edges = Edges(left=edges.bottom, top=edges.left, right=edges.top, bottom=edges.right)
        if self.mirrored:
            edges = Edges(left=edges.right, top=edges.top, right=edges.left, bottom=edges.bottom)
        return edges

    def point(self, across: float, down: float) -> tuple[float, float]:
        """Where a point has gone; both are shares of width and height, 0 to 1."""
        for _ in range(self.degrees // QUARTER):
            across, down = 1 - down, across
        return (1 - across if self.mirrored else across), down


UPRIGHT = Turn()
