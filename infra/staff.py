"""Who the members of staff behind sessions are: told with their token, kept sealed, as long as the audit trail names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.models import StaffSession
from infra.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Staff:
    """Empty where it was not told."""

    department: str = ""
    name: str = ""


async def tell(sealer: Sealer, session: str, staff: Staff) -> None:
    """Keep who is behind a session, once."""
    sealed = sealer.seal(staff.name) if staff.name else None
    await StaffSession.create(session=session, department=staff.department, sealed_name=sealed)


async def behind(sealer: Sealer, sessions: Iterable[str]) -> Mapping[str, Staff]:
    """Session → who is behind it, of those of whom it was told."""
    rows = await StaffSession.filter(session__in=sorted(set(sessions)))
    return {row.session: Staff(row.department, sealer.open(row.sealed_name) if row.sealed_name else "") for row in rows}
