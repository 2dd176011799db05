"""What can go wrong, in our own words; `api/errors.py` alone knows the HTTP status of each."""

from __future__ import annotations


class CloudfilmError(Exception):
    """A failure we foresaw. The message names what was asked and found, never a person or a secret."""


class Malformed(CloudfilmError):
    """The request cannot be understood."""


class Unauthenticated(CloudfilmError):
    """No token, or one that is expired, revoked or not ours."""


class PasscodeWrong(Unauthenticated):
    """A share's passcode is missing or wrong; `remaining` more tries are left in its life."""

    def __init__(self, remaining: int) -> None:
        super().__init__("the passcode is missing or wrong")
        self.remaining = remaining


class Forbidden(CloudfilmError):
    """This role may never do this."""


class SignedOut(Unauthenticated):
    """That login was ended by its person or by us: nothing signs in there again by itself."""


class OtherOrigin(Forbidden):
    """A page of another address asks for what only a page of ours may; `ours` is where that stands."""

    def __init__(self, ours: str) -> None:
        super().__init__(f"CLOUDFILM_PUBLIC_URL is {ours}: open the pages there, or set it to the address that people type")
        self.ours = ours


class NotFound(CloudfilmError):
    """It does not exist, or it is not yours: both look the same."""


class NotAcceptable(CloudfilmError):
    """None of the media types that the client accepts can be made of this object."""


class Conflict(CloudfilmError):
    """The request contradicts what is stored."""


class RetentionNotOver(Conflict):
    """The law says that this must still be kept."""


class ConsentNeeded(Conflict):
    """The person must agree to a text first; `kind` names it."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"agree to {kind} first")
        self.kind = kind


class OnlyLooking(Conflict):
    """Who may see a family member's exams may not give them to others."""


class ReportNotFinal(Conflict):
    """It has no report that counts, and cannot be given to others yet."""


class Sensitive(Conflict):
    """It may be given to others only by somebody who was asked again."""


class Gone(CloudfilmError):
    """A genuine link that is expired, revoked or locked."""


class TooLarge(CloudfilmError):
    """More bytes than we agreed to take."""


class UnsupportedMediaType(CloudfilmError):
    """The body is of a kind that this resource does not take."""


class RangeNotSatisfiable(CloudfilmError):
    """The asked byte range lies outside the representation."""


class Invalid(CloudfilmError):
    """Understood, but a field is unknown or its value impossible."""


class InvalidField(Invalid):
    """One field is wrong. `fault` is a word of which `api/errors.py` knows the sentence; the value itself is never told."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(f"{field}: {fault}")
        self.field = field
        self.fault = fault


class BindingRefused(Invalid):
    """It was not proved that a patient record is theirs; why, is never told."""


class Unreadable(CloudfilmError):
    """Bytes that claim to be DICOM and are not, or contradict themselves."""


class RetryLater(CloudfilmError):
    """Come back after `retry_after_seconds`."""

    def __init__(self, message: str, *, retry_after_seconds: int = 5) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class TooManyRequests(RetryLater):
    """Above a rate limit."""


class Unavailable(RetryLater):
    """A machine behind us does not answer; nothing was lost."""


class NoGoodCopy(Unavailable):
    """Every copy of an object is missing, damaged or out of reach."""


class Misconfigured(CloudfilmError):
    """A setting is missing or contradicts another; the message says which and what to do."""
