"""What is to become of each file: kept as proven HTJ2K, kept exactly as sent, or refused, and why."""

from __future__ import annotations

from collections.abc import Mapping

from pydicom.dataset import FileDataset

from tests.stories import pydicoms
from tests.stories.sent import Sent

NO_PREFIX = "no DICM prefix"
NO_STUDY_UID = r"\(0020,000D\) is missing"
OTHER_INSTANCE = r"\(0002,0003\) of the file meta information contradicts"
# File name → the beginning of the reason that the sender is told.
REFUSED: Mapping[str, str] = {
    "MR_truncated.dcm": r"\(7FE0,0010\) at byte 1488: 8192 bytes claimed, 8130 left",
    "MR_small_padded.dcm": r"\(7FE0,0010\) at byte 1488: 8320 bytes of pixels where Rows",
    "rtplan_truncated.dcm": r"\(300A,00B0\) at byte 1410: 976 bytes claimed, 711 left",
    "SC_rgb_jpeg.dcm": r"\(0008,0008\) at byte 356: no value representation",  # says Explicit VR, is Implicit
    "JPEG2000-embedded-sequence-delimiter.dcm": r"\(7FE0,0010\) frame 1: the SIZ segment asks for more tiles",
    "DICOMDIR-nooffset": r"\(0004,1220\) at byte 10868: an item claims 248 bytes, 224 left",
    "meta_missing_tsyntax.dcm": r"\(0002,0010\) Transfer Syntax UID is missing",
    "winter.dcm": r"\(0008,0018\) at byte 498: the element stands twice",
    **dict.fromkeys(
        (
            *("DICOMDIR", "DICOMDIR-bigEnd", "DICOMDIR-empty.dcm", "DICOMDIR-implicit", "DICOMDIR-nopatient"),
            *("DICOMDIR-reordered", "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm", "SC_rgb_jls_lossy_line.dcm"),
            *("SC_rgb_jls_lossy_sample.dcm", "UN_sequence.dcm", "chrSQEncoding.dcm", "chrSQEncoding1.dcm"),
            *("empty_charset_LEI.dcm", "fall.dcm", "hotiron.dcm", "hotmetalblue.dcm", "nested_priv_SQ.dcm"),
            *("no_meta_group_length.dcm", "pet.dcm", "pet20step.dcm", "priv_SQ.dcm", "spring.dcm", "summer.dcm"),
        ),
        NO_STUDY_UID,
    ),
    **dict.fromkeys(
        (
            *("badVR.dcm", "chrJapMulti.dcm", "chrJapMultiExplicitIR6.dcm", "rtdose.dcm", "rtdose_1frame.dcm"),
            *("rtdose_expb.dcm", "rtdose_expb_1frame.dcm", "rtplan.dcm"),
        ),
        OTHER_INSTANCE,
    ),
}
BYTES_EXCHANGED = "SC_rgb_small_odd_big_endian.dcm"  # 8 bit samples in big endian words
HTJ2K, AS_SENT = "kept as HTJ2K", "kept as sent"


def refusal(sent: Sent) -> str | None:
    """A pattern of the reason for which it is refused; None when it is to be kept."""
    return REFUSED.get(sent.name) if sent.is_part10 else NO_PREFIX


def form(sent: Sent, data_set: FileDataset) -> str:
    """Native samples of whole bytes become HTJ2K; what came compressed, is no image or has other pixels is left alone."""
    syntax = data_set.file_meta.TransferSyntaxUID
    native = pydicoms.has_pixels(data_set) and not syntax.is_compressed and not syntax.is_deflated
    odd = sent.name == BYTES_EXCHANGED or not native or "PixelData" not in data_set
    if odd or data_set.BitsAllocated == 1 or data_set.PhotometricInterpretation == "YBR_FULL_422":
        return AS_SENT
    return HTJ2K
