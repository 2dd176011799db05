"""Which way the patient lies in a picture: letters for its four edges (PS3.3 C.7.6.1.1.1, C.7.6.2)."""

from __future__ import annotations

from dataclasses import dataclass

from films.facts import Plane, Vector

OPPOSITE = {"R": "L", "L": "R", "A": "P", "P": "A", "H": "F", "F": "H"}
SECOND_LETTER_FROM = 0.34  # of the unit vector: 20 degrees off the first axis
_AXES = (("R", "L"), ("A", "P"), ("F", "H"))  # towards lower and towards higher coordinates


@dataclass(frozen=True, slots=True)
class Edges:
    """What lies towards each edge; empty where it is not known."""

    left: str = ""
    top: str = ""
    right: str = ""
    bottom: str = ""


def edges(plane: Plane, patient_orientation: tuple[str, str] | None = None) -> Edges:
    """By the plane of the frame, else by Patient Orientation as the device says it."""
    if plane.row is not None and plane.column is not None:
        return _edges(towards(plane.row), towards(plane.column))
    if patient_orientation is not None and set("".join(patient_orientation)) <= set(OPPOSITE):
        return _edges(*patient_orientation)
    return Edges()


def towards(direction: Vector) -> str:
    """The letter of the axis nearest to a direction, and the next one when it is well off: L, LP, HA."""
    order = sorted(range(3), key=lambda axis: -abs(direction[axis]))
    wanted = [axis for place, axis in enumerate(order[:2]) if abs(direction[axis]) > (0 if place == 0 else SECOND_LETTER_FROM)]
    return "".join(_AXES[axis][direction[axis] > 0] for axis in wanted)


def normal(plane: Plane) -> Vector | None:
    """The unit vector across the plane, None when the plane is not told."""
    if plane.row is None or plane.column is None:
        return None
    (a, b, c), (d, e, f) = plane.row, plane.column
    across = (b * f - c * e, c * d - a * f, a * e - b * d)
    length = sum(each * each for each in across) ** 0.5
    return (across[0] / length, across[1] / length, across[2] / length) if length > 0.5 else None


def _edges(right: str, bottom: str) -> Edges:
    return Edges(_opposite(right), _opposite(bottom), right, bottom)


def _opposite(letters: str) -> str:
    return "".join(OPPOSITE[letter] for letter in letters)
