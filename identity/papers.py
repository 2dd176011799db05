"""Papers that the desk sees: which kinds there are, and which of them prove what somebody is to a patient."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core.errors import InvalidField
from infra.sealing import Sealer
from records import identifiers

WHO = frozenset({"id_card", "passport", "travel_permit"})  # each proves who its holder is
KIN = frozenset({"household_register", "birth_certificate", "kinship_proof", "marriage_certificate"})
PAPERS = (
    *sorted(WHO),
    *sorted(KIN),
    "visit_card",
    "insurance",
    "delivery_record",
    "guardianship",
    "power_of_attorney",
    "death_certificate",
    "other",
)
SELF = "self"
# what is to be proved → one paper of each of these sets
NEEDED: Mapping[str, Sequence[frozenset[str]]] = {
    SELF: (frozenset(PAPERS),),
    "spouse": (WHO, frozenset({"marriage_certificate", "household_register"})),
    "parent": (WHO, KIN - {"marriage_certificate"}),
    "child": (WHO, KIN - {"marriage_certificate"}),
    "guardian": (WHO, frozenset({"household_register", "birth_certificate", "guardianship"})),
    "newborn": (WHO, frozenset({"birth_certificate", "delivery_record"})),
    "next_of_kin": (WHO, KIN, frozenset({"death_certificate"})),
    "other": (WHO, frozenset({"power_of_attorney"})),
}


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper that was seen; its number only where it was typed."""

    kind: str
    number: str = ""


def require(what: str, papers: Collection[Paper]) -> None:
    """Raises InvalidField when these papers do not prove it."""
    kinds = {paper.kind for paper in papers}
    if not all(kinds & wanted for wanted in NEEDED[what]):
        raise InvalidField("papers", "papers-missing")


def kept(papers: Collection[Paper], sealer: Sealer) -> list[dict[str, str]]:
    """What is kept of them: the kind, and of a number its keyed hash, so that it can be compared and not read."""
    return [_kept(paper, sealer) for paper in papers]


def _kept(paper: Paper, sealer: Sealer) -> dict[str, str]:
    if not paper.number:
        return {"kind": paper.kind}
    kind = paper.kind if paper.kind in identifiers.KINDS else "other"
    return {"kind": paper.kind, "index": sealer.index(f"paper:{kind}", identifiers.identifier(kind, paper.number).value)}
