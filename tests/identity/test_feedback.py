"""Feedback: kept once, sealed, answered in order, and gone when it is taken back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.errors import CloudfilmError, Conflict, NotFound, TooManyRequests
from identity.events import FEEDBACK_ANSWERED
from identity.feedback import NEW_ONES, Act, Author, Feedbacks, State, Wanted, Words
from identity.models import Feedback, FeedbackEntry
from identity.persons import Persons
from infra.models import Outbox
from infra.sealing import Sealer
from records.models import Hospital
from tests.identity.conftest import NOON

TEXT = "我的CT看不到图像，身份证 11010519491231002X"
WORDS = Words("demo", None, "exam", "cannot-see", TEXT, "0575-8812345")
EVERYTHING = Wanted(tuple(State))


@pytest.fixture
async def author(hospital: Hospital, sealer: Sealer) -> Author:
    return Author(person=await Persons(sealer).of_phone("+8613800138001", NOON))


@pytest.fixture
def feedbacks(sealer: Sealer) -> Feedbacks:
    return Feedbacks(sealer)


async def written(feedbacks: Feedbacks, author: Author) -> str:
    row, _ = await feedbacks.write(author, WORDS, None, NOON)
    return row.id


async def outcome(work: object) -> str:
    try:
        await work  # type: ignore[misc]  # any of the calls below
    except CloudfilmError as error:
        return type(error).__name__
    return "done"


async def test_what_is_written_is_answered_and_neither_text_nor_phone_stands_in_the_database(
    feedbacks: Feedbacks, author: Author
) -> None:
    one = await written(feedbacks, author)
    await feedbacks.act("demo", one, Act.TAKE, "guide-1", "", NOON)
    letter = await feedbacks.act("demo", one, Act.ANSWER, "guide-1", "图像已经恢复。", NOON)
    assert (letter.row.state, letter.contact) == (State.ANSWERED, "0575-8812345")
    mine = await feedbacks.own(author, one)
    assert [(each.by_hospital, each.text) for each in mine.entries] == [(False, TEXT), (True, "图像已经恢复。")]
    told = await Outbox.get(topic=FEEDBACK_ANSWERED)
    assert told.payload == {"hospital": "demo", "person": author.person}
    stored = bytes((await Feedback.get(id=one)).contact or b"") + b"".join([bytes(e.sealed) for e in await FeedbackEntry.all()])
    assert not any(word in stored for word in (b"8812345", "身份证".encode(), b"11010519491231002X", "恢复".encode()))


async def test_of_any_number_with_one_key_at_once_one_is_kept(feedbacks: Feedbacks, author: Author) -> None:
    written = await asyncio.gather(*(feedbacks.write(author, WORDS, "key-1", NOON) for _ in range(5)))
    assert len({row.id for row, _ in written}) == 1
    assert [new for _, new in written].count(True) == 1
    assert (await Feedback.all().count(), await FeedbackEntry.all().count()) == (1, 1)
    other = Words("demo", None, "exam", "praise", "谢谢", "")
    with pytest.raises(Conflict):
        await feedbacks.write(author, other, "key-1", NOON)


async def test_a_person_writes_a_few_an_hour_and_a_hundred_at_once_count_as_a_hundred(
    feedbacks: Feedbacks, author: Author
) -> None:
    tried = await asyncio.gather(*(outcome(feedbacks.write(author, WORDS, None, NOON)) for _ in range(9)))
    assert tried.count("done") == NEW_ONES[0].most
    assert set(tried) == {"done", TooManyRequests.__name__}
    assert await outcome(feedbacks.write(author, WORDS, None, NOON + timedelta(hours=1, seconds=1))) == "done"


FOLLOWS = (  # what was done, what comes then, how it ends
    ((), "answer", "done"),
    ((Act.TAKE,), "take", "done"),
    ((Act.ANSWER,), "take", "Conflict"),
    ((Act.CLOSE,), "answer", "Conflict"),
    ((Act.CLOSE,), "close", "Conflict"),
    ((), "reopen", "Conflict"),
    ((Act.CLOSE,), "reopen", "done"),
    ((Act.CLOSE,), "add", "Conflict"),
    ((Act.CLOSE,), "withdraw", "Conflict"),
    ((Act.CLOSE, Act.REOPEN), "add", "done"),
    ((Act.ANSWER,), "withdraw", "done"),
)


async def test_what_may_follow_what(feedbacks: Feedbacks, hospital: Hospital, sealer: Sealer) -> None:
    for number, (done, then, expected) in enumerate(FOLLOWS):
        author = Author(person=await Persons(sealer).of_phone(f"+86138001380{number:02}", NOON))
        one = await written(feedbacks, author)
        for act in done:
            await feedbacks.act("demo", one, act, "guide-1", "好的" if act is Act.ANSWER else "", NOON)
        if then == "add":
            work: object = feedbacks.add(author, one, "还是看不到", NOON)
        elif then == "withdraw":
            work = feedbacks.withdraw(author, one, NOON)
        else:
            work = feedbacks.act("demo", one, Act(then), "guide-1", "好的" if then == "answer" else "", NOON)
        assert (done, then, await outcome(work)) == (done, then, expected)


async def test_more_words_to_what_was_answered_bring_it_back_to_the_inbox(feedbacks: Feedbacks, author: Author) -> None:
    one = await written(feedbacks, author)
    await feedbacks.act("demo", one, Act.ANSWER, "guide-1", "请再试一次。", NOON)
    waiting = Wanted((State.RECEIVED,))
    assert await feedbacks.inbox("demo", waiting) == []
    await feedbacks.add(author, one, "还是看不到", NOON)
    (letter,) = await feedbacks.inbox("demo", waiting)
    assert [each.text for each in letter.entries] == [TEXT, "请再试一次。", "还是看不到"]


async def test_what_is_taken_back_leaves_no_word_behind(feedbacks: Feedbacks, author: Author) -> None:
    one = await written(feedbacks, author)
    await feedbacks.withdraw(author, one, NOON)
    assert await FeedbackEntry.all().count() == 0
    letter = await feedbacks.own(author, one)
    assert (letter.row.state, letter.contact, letter.entries) == (State.WITHDRAWN, "", [])


async def test_nobody_else_and_no_other_hospital_finds_it(feedbacks: Feedbacks, author: Author, sealer: Sealer) -> None:
    await Hospital.create(code="demo2", name="第二医院")
    one = await written(feedbacks, author)
    stranger = Author(person=await Persons(sealer).of_phone("+8613800138002", NOON))
    for work in (
        feedbacks.own(stranger, one),
        feedbacks.own(Author(link=author.person), one),
        feedbacks.add(stranger, one, "我的", NOON),
        feedbacks.withdraw(stranger, one, NOON),
        feedbacks.at("demo2", one),
        feedbacks.act("demo2", one, Act.CLOSE, "guide-2", "", NOON),
    ):
        with pytest.raises(NotFound):
            await work
    assert await feedbacks.inbox("demo2", EVERYTHING) == []
    assert await feedbacks.owns(stranger, "", 10) == []


async def test_it_follows_a_person_whose_accounts_are_joined(feedbacks: Feedbacks, author: Author, sealer: Sealer) -> None:
    one = await written(feedbacks, author)
    persons = Persons(sealer)
    other = await persons.of_phone("+8613800138002", NOON)
    await persons.add_phone(other, "+8613800138001", NOON)
    assert [each.row.id for each in await feedbacks.owns(Author(person=other), "", 10)] == [one]


async def test_pages_of_the_inbox_follow_each_other_in_both_orders(feedbacks: Feedbacks, author: Author) -> None:
    ids = [await written(feedbacks, author) for _ in range(4)]
    for oldest_first, expected in ((True, ids), (False, ids[::-1])):
        found: list[str] = []
        for _ in range(2):
            wanted = Wanted((), after=found[-1] if found else "", oldest_first=oldest_first, limit=2)
            found += [each.row.id for each in await feedbacks.inbox("demo", wanted)]
        assert found == expected
