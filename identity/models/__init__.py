"""Tables of who is asking: persons, how they log in, what they proved, and their sessions."""

from __future__ import annotations

from identity.models.consents import Consent, ServiceEvent
from identity.models.family import FamilyReminder, FamilyRequest, Proxy
from identity.models.feedback import Feedback, FeedbackEntry
from identity.models.links import IssuedLink, LinkTry, QrKey
from identity.models.logins import Attempt, Gate, HandoffKey, Login, OnceUsed, SmsChallenge
from identity.models.onsite import Attestation, PairingCode
from identity.models.persons import Binding, Person, PersonPhone
from identity.models.sessions import DownloadCode, RefreshToken, Session, SignIn, WebTicket

__all__ = [
    "Attempt",
    "Attestation",
    "Binding",
    "Consent",
    "DownloadCode",
    "FamilyReminder",
    "FamilyRequest",
    "Feedback",
    "FeedbackEntry",
    "Gate",
    "HandoffKey",
    "IssuedLink",
    "LinkTry",
    "Login",
    "OnceUsed",
    "PairingCode",
    "Person",
    "PersonPhone",
    "Proxy",
    "QrKey",
    "RefreshToken",
    "ServiceEvent",
    "Session",
    "SignIn",
    "SmsChallenge",
    "WebTicket",
]
