"""What may be shown of a number, so that its owner knows it and nobody else learns it; of names see core/masking.py."""

from __future__ import annotations

SHOWN_OF_PHONE = 4
LONG = 8  # characters from which on the last four may be shown


def masked_phone(number: str) -> str:
    """138****8000 for a mainland number; only the last four of any other."""
    local = number.removeprefix("+86")
    if len(local) == 11 and local != number:
        return f"{local[:3]}****{local[-SHOWN_OF_PHONE:]}"
    return f"****{number[-SHOWN_OF_PHONE:]}"


def masked_value(value: str) -> str:
    """The last four of a long number, the last of a short one, stars for the rest."""
    shown = 4 if len(value) >= LONG else 1
    return "*" * min(len(value) - shown, 14) + value[-shown:]
