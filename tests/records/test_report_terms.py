"""Words of a report are explained only where a sentence says that the thing is there; nobody is reassured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from records import report_terms
from records.report_terms import Says, explained, mentions, terms

SENTENCES = [line.split("\t") for line in Path(__file__).with_name("report_sentences.tsv").read_text().splitlines()]
REASSURING = re.compile(r"放心|担心|害怕|大碍|没有问题|没事|无需|不需要|不严重|不要紧|良性|健康|常见|多见")
KINDS = {"image", "chest", "heart", "brain", "abdomen", "bone", "breast", "neck", "pelvis", "exam"}


def test_each_sentence_says_what_is_there_and_nothing_else() -> None:
    found = {sentence: [each.term for each in mentions(sentence) if each.says is Says.THERE] for sentence, _ in SENTENCES}
    wanted = {sentence: [word for word in there.split(",") if word] for sentence, there in SENTENCES}
    assert {sentence: words for sentence, words in found.items() if words != wanted[sentence]} == {}


def test_there_are_sentences_enough_of_every_kind() -> None:
    assert len(SENTENCES) >= 200
    assert len({sentence for sentence, _ in SENTENCES}) == len(SENTENCES)
    assert sum(1 for _, there in SENTENCES if not there) >= 120
    said = {mention.says for sentence, _ in SENTENCES for mention in mentions(sentence)}
    assert said == set(Says)


def test_every_word_has_a_meaning_and_a_source_and_reassures_nobody() -> None:
    assert len(terms()) >= 300
    for term in terms().values():
        assert term.kind in KINDS and term.meaning.endswith("。") and term.source, term
        assert not REASSURING.search(term.meaning), term
        assert 2 <= len(term.term) <= 32 and len(term.meaning) <= 300


def test_the_longest_word_counts_and_every_place_is_told() -> None:
    text = "右肺磨玻璃结节。左肺磨玻璃结节，未见结节。"
    found = explained(text, {})
    assert [(each.term, [text[begin:end] for begin, end in each.places]) for each in found] == [
        ("磨玻璃结节", ["磨玻璃结节", "磨玻璃结节"])
    ]


def test_a_hospitals_own_meaning_takes_the_place_of_ours_and_may_be_silence() -> None:
    own = {"脂肪肝": "本院的说明。", "肝囊肿": "", "本院术语": "只在本院用。"}
    found = {each.term: each.meaning for each in explained("脂肪肝。肝囊肿。本院术语。", own)}
    assert found == {"脂肪肝": "本院的说明。", "本院术语": "只在本院用。"}


def test_a_text_without_any_comma_is_not_explained_and_does_not_take_long() -> None:
    assert report_terms.explained("右肺上叶见磨玻璃结节" * 2000, {}) == []


@pytest.mark.parametrize("text", ["", "\n\n", "。。。", "(((((", "未见", "ADCx", "xDWI"])
def test_nothing_is_found_in_what_says_nothing(text: str) -> None:
    assert explained(text, {}) == []
