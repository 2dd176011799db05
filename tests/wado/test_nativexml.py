import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pydicom
import pytest
from dicomweb_client.web import _load_xml_dataset
from pydicom.data import get_testdata_file

from wado.nativexml import to_xml

NAMESPACE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
COMPONENTS = ["FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"]
PACKAGED = (
    *("CT_small.dcm", "MR_small.dcm", "waveform_ecg.dcm", "reportsi.dcm", "rtplan.dcm", "rtstruct.dcm", "chrX1.dcm"),
    *("chrH31.dcm", "liver_1frame.dcm", "nested_priv_SQ.dcm", "priv_SQ.dcm", "test-SR.dcm", "examples_overlay.dcm"),
)


def samples() -> list[Path]:
    packaged = [Path(str(found)) for name in PACKAGED if (found := get_testdata_file(name, download=False))]
    folder = os.environ.get("DICOM_SAMPLES")
    small = (path for path in Path(folder).glob("**/*.dcm") if path.stat().st_size < 100_000) if folder else ()
    return packaged + sorted(small)[::7]


def back(element: ElementTree.Element) -> dict[str, Any]:
    """A NativeDicomModel or Item as DICOM JSON whose numbers are text."""
    return {each.attrib["tag"]: {"vr": each.attrib["vr"]} | content(each) for each in element}


def content(element: ElementTree.Element) -> dict[str, Any]:
    values: dict[int, Any] = {}
    for child in element:
        kind = child.tag.removeprefix(NAMESPACE)
        if kind == "BulkData":
            return {"BulkDataURI": child.attrib["uri"]}
        if kind == "InlineBinary":
            return {"InlineBinary": child.text or ""}
        value: Any = child.text or ""
        if kind == "Item":
            value = back(child)
        if kind == "PersonName":
            value = {group.tag.removeprefix(NAMESPACE): name(group) for group in child}
        values[int(child.attrib["number"])] = value
    return {"Value": values} if values else {}


def name(group: ElementTree.Element) -> str:
    parts = {part.tag.removeprefix(NAMESPACE): part.text or "" for part in group}
    return "^".join(parts.get(component, "") for component in COMPONENTS).rstrip("^")


def as_text(dataset: dict[str, Any]) -> dict[str, Any]:
    return {tag: {"vr": element["vr"]} | binary(element) | value_texts(element) for tag, element in dataset.items()}


def binary(element: dict[str, Any]) -> dict[str, Any]:
    return {key: element[key] for key in ("BulkDataURI", "InlineBinary") if element.get(key)}


def value_texts(element: dict[str, Any]) -> dict[str, Any]:
    def text(value: Any) -> Any:
        if element["vr"] == "PN":
            return {group: each.rstrip("^") for group, each in value.items() if each}
        return as_text(value) if element["vr"] == "SQ" else str(value)

    values = {number: text(value) for number, value in enumerate(element.get("Value", ()), 1) if value is not None}
    return {"Value": values} if values else {}


@pytest.mark.parametrize("path", samples(), ids=lambda path: path.name)
def test_real_files_say_the_same_in_xml_as_in_json(path: Path) -> None:
    dataset = pydicom.dcmread(path, force=True)
    json = dataset.to_json_dict(
        bulk_data_threshold=512, bulk_data_element_handler=lambda element: f"bulk/{element.tag}?a=1&b=2"
    )
    root = ElementTree.fromstring(to_xml(json))
    assert root.tag == f"{NAMESPACE}NativeDicomModel"
    assert back(root) == as_text(json)


def test_names_are_taken_apart_by_group_and_component() -> None:
    xml = to_xml({"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Wang^Xiao Dong^^Dr", "Ideographic": "王^小东"}]}}).decode()
    assert (
        '<DicomAttribute tag="00100010" vr="PN" keyword="PatientName"><PersonName number="1">'
        "<Alphabetic><FamilyName>Wang</FamilyName><GivenName>Xiao Dong</GivenName><NamePrefix>Dr</NamePrefix></Alphabetic>"
        "<Ideographic><FamilyName>王</FamilyName><GivenName>小东</GivenName></Ideographic></PersonName></DicomAttribute>"
    ) in xml


def test_private_elements_name_their_creator_and_have_no_keyword() -> None:
    private = {"00091001": {"vr": "UN", "InlineBinary": "QUI="}, "00090010": {"vr": "LO", "Value": ['AC"ME & <Co>']}}
    first, second = ElementTree.fromstring(to_xml(private))
    assert first.attrib == {"tag": "00090010", "vr": "LO"}
    assert second.attrib == {"tag": "00091001", "vr": "UN", "privateCreator": 'AC"ME & <Co>'}


def test_empty_values_keep_the_numbers_of_the_others() -> None:
    xml = to_xml({"00080008": {"vr": "CS", "Value": ["ORIGINAL", None, "AXIAL"]}, "00080050": {"vr": "SH"}}).decode()
    assert '<Value number="1">ORIGINAL</Value><Value number="3">AXIAL</Value>' in xml
    assert '<DicomAttribute tag="00080050" vr="SH" keyword="AccessionNumber"/>' in xml


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    root = ElementTree.fromstring(to_xml({"00081030": {"vr": "LO", "Value": ["a\x00\x1b<b>&\ud800𬭎"]}}))
    assert root[0][0].text == "a\ufffd\ufffd<b>&\ufffd𬭎"


def test_the_python_client_reads_a_store_response_in_xml() -> None:
    xml = to_xml({"00081190": {"vr": "UR", "Value": ["http://127.0.0.1/a"]}, "00081197": {"vr": "US", "Value": [272]}})
    dataset = _load_xml_dataset(ElementTree.fromstring(xml))
    assert (dataset.RetrieveURL, dataset.FailureReason) == ("http://127.0.0.1/a", 272)
