from typing import Any
from xml.etree import ElementTree

import pydicom
import pytest
from dicomweb_client.web import _load_xml_dataset

from core.errors import CloudfilmError, Conflict, Forbidden, Malformed, NoGoodCopy, TooLarge, Unavailable, Unreadable
from wado.nativexml import to_xml
from wado.stow import Failed, FailureReason, Stored, WarningReason, reason_of, status_code, store_response

BASE = "https://films.example/dicom-web/"
CT = "1.2.840.10008.5.1.4.1.1.2"
STORED = Stored("1.2.3", "1.2.4", CT, "1.2.5")
WARNED = Stored("1.2.3", "1.2.4", CT, "1.2.6", WarningReason.ELEMENTS_DISCARDED)
DUPLICATE = Failed(FailureReason.DUPLICATE_INSTANCE, CT, "1.2.7")
GARBAGE = Failed(FailureReason.CANNOT_UNDERSTAND)


def as_dataset(response: dict[str, Any]) -> pydicom.Dataset:
    return pydicom.Dataset.from_json(response)


def test_success_names_every_instance_and_where_it_is() -> None:
    dataset = as_dataset(store_response([STORED], [], BASE))
    assert dataset.RetrieveURL == "https://films.example/dicom-web/studies/1.2.3"
    (item,) = dataset.ReferencedSOPSequence
    assert (item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID) == (CT, "1.2.5")
    assert item.RetrieveURL == "https://films.example/dicom-web/studies/1.2.3/series/1.2.4/instances/1.2.5"
    assert "WarningReason" not in item
    assert "FailedSOPSequence" not in dataset and "OtherFailuresSequence" not in dataset


def test_each_failure_has_its_own_item_and_reason() -> None:
    dataset = as_dataset(store_response([STORED, WARNED], [DUPLICATE, DUPLICATE, GARBAGE], BASE))
    assert [item.FailureReason for item in dataset.FailedSOPSequence] == [0x0111, 0x0111]
    assert dataset.FailedSOPSequence[0].ReferencedSOPInstanceUID == "1.2.7"
    assert [item.FailureReason for item in dataset[0x0008119A].value] == [0xC000]
    assert [item.get("WarningReason") for item in dataset.ReferencedSOPSequence] == [None, 0xB006]


def test_nothing_stored_leaves_the_retrieve_url_empty() -> None:
    response = store_response([], [Failed(FailureReason.PROCESSING_FAILURE, "", "1.2.8")], BASE)
    assert response["00081190"] == {"vr": "UR"}
    assert "00081199" not in response
    assert response["00081198"]["Value"][0]["00081150"] == {"vr": "UI"}


def test_several_studies_have_no_common_url() -> None:
    other = Stored("9.9", "1.2.4", CT, "1.2.9")
    assert store_response([STORED, other], [], BASE)["00081190"] == {"vr": "UR"}


def test_json_and_xml_say_the_same() -> None:
    response = store_response([STORED], [DUPLICATE], BASE)
    from_xml = _load_xml_dataset(ElementTree.fromstring(to_xml(response)))
    from_json = as_dataset(response)
    assert from_xml.RetrieveURL == from_json.RetrieveURL
    assert from_xml.FailedSOPSequence[0].FailureReason == from_json.FailedSOPSequence[0].FailureReason == 0x0111


@pytest.mark.parametrize(
    ("stored", "failed", "status"),
    [
        ([STORED], [], 200),
        ([STORED, WARNED], [], 202),
        ([STORED], [DUPLICATE], 202),
        ([STORED], [GARBAGE], 202),
        ([], [DUPLICATE], 409),
        ([], [GARBAGE], 409),
    ],
)
def test_the_status_says_whether_all_some_or_none_were_stored(stored: list[Stored], failed: list[Failed], status: int) -> None:
    assert status_code(stored, failed) == status


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unreadable("x"), 0xC000),
        (Malformed("x"), 0xC000),
        (Conflict("x"), 0x0111),
        (Forbidden("x"), 0x0124),
        (TooLarge("x"), 0xA700),
        (Unavailable("x"), 0xA700),
        (NoGoodCopy("x"), 0xA700),
        (CloudfilmError("x"), 0x0110),
    ],
)
def test_our_errors_have_a_dicom_reason(error: CloudfilmError, reason: int) -> None:
    assert reason_of(error) == reason
