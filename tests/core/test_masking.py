"""A masked name is known to its owner and tells nobody else who it is."""

from __future__ import annotations

import pytest

from core.masking import hinted_name, masked_name


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王五", "王*"),
        ("王小东", "王**"),
        ("欧阳娜娜", "欧阳**"),
        ("欧阳娜", "欧阳**"),
        ("欧阳", "欧*"),  # two characters: 欧 may be the surname
        ("林知夏", "林**"),
        ("买买提·吐尔逊", "买**"),
        ("阿卜杜热西提·阿卜杜拉", "阿**"),
        ("㛃䶮", "㛃*"),
        ("王五之子", "王**"),
        ("O'Connor, Mary-Ann", "O**"),
        ("X", "X**"),
        ("", ""),
        ("Wang^XiaoDong=王^小东=", "W**=王**="),
        ("Wang^XiaoDong^^Dr=王小东=おう^しょうとう", "W**=王**=お**"),
        ("=欧阳^娜娜", "=欧阳**"),
        ("^Mary", "**"),
        ("  王五  ", "王*"),
    ],
)
def test_names_of_every_form_keep_their_surname_at_most(name: str, masked: str) -> None:
    assert masked_name(name) == masked


def test_names_of_one_surname_and_length_over_two_look_alike() -> None:
    assert len({masked_name(name) for name in ("张伟伟", "张大为民", "张三^丰")}) == 1


@pytest.mark.parametrize(
    ("name", "hinted"),
    [("林知夏", "林*夏"), ("张三", "张*"), ("张", "张*"), ("买买提·吐尔逊", "买*****逊"), ("", "*"), ("欧阳娜娜", "欧**娜")],
)
def test_a_hint_is_enough_for_who_knows_the_person(name: str, hinted: str) -> None:
    assert hinted_name(name) == hinted
