"""Blocks may be cut anywhere, tokens may be endless, and memory stays bounded."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billow

sys.path.insert(0, str(Path(__file__).parents[2] / "apps/wordfreq"))

import word_tally
from word_rules import ClassicRule, Rule, WordRule
from word_tally import Tally

TEXT = "Der «Fluß» ist—tief; don’t, can't\r\nか\u3099中国 cafe\u0301 \u00adx\u3000y ".encode()
BAD = b"trunc\xe2\x80 ated \xff\xfe\xe2 \xed\xa0\x80 \xf0\x9f\x98 e\xcc"


def counted(rule: Rule, *blocks: bytes) -> dict[str, int]:
    """All words of a text that comes in these blocks."""
    tally = Tally(rule)
    for block in blocks:
        tally.add(block)
    tally.finish()
    return tally.words


@pytest.fixture
def short_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the limits so low that small texts reach them."""
    monkeypatch.setattr(word_tally, "_LONG_TOKEN", 24)
    monkeypatch.setattr(word_tally, "_MOST_TOKENS", 3)
    monkeypatch.setattr(word_tally, "_BATCH", 20)


@pytest.mark.parametrize("rule", [WordRule, ClassicRule])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64])
def test_the_size_of_blocks_makes_no_difference(rule: type[Rule], size: int) -> None:
    data = TEXT + BAD
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    assert counted(rule(), *blocks) == counted(rule(), data)


@pytest.mark.parametrize("rule", [WordRule, ClassicRule])
@pytest.mark.parametrize("size", [1, 3, 8, 29])
@pytest.mark.usefixtures("short_tokens")
def test_neither_does_it_where_tokens_are_cut(rule: type[Rule], size: int) -> None:
    spaceless = "、".join(["中国が", "naïve" * 3, "か\u3099", "d’été"]).encode() + b"\xff\xe2\x80"
    data = spaceless * 3 + "\u3000".join(["été"] * 9).encode() + b" " + TEXT + BAD + spaceless
    whole = counted(rule(), data)
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    assert counted(rule(), *blocks) == whole
    assert sum(whole.values()) >= 20


@given(st.data())
def test_two_cuts_at_random_places_make_no_difference(data: st.DataObject) -> None:
    text = data.draw(
        st.lists(
            st.sampled_from([TEXT, BAD, b"a", b" ", "—é".encode(), b"\xe4\xb8"]), max_size=8
        ).map(b"".join)
    )
    places = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    blocks = text[: places[0]], text[places[0] : places[1]], text[places[1] :]
    assert counted(WordRule(), *blocks) == counted(WordRule(), text)


@pytest.mark.parametrize("character", ["a", "é", "中", "😀a", "a\u0301\u0316"])
def test_a_run_of_megabytes_is_counted_in_bounded_pieces(character: str) -> None:
    tally = Tally(WordRule())
    block = character.encode() * (400_000 // len(character.encode()))
    tally.add(b"first ")
    for _ in range(5):
        tally.add(block)
        assert len(tally._rest) <= 128 * billow.KiB
    tally.add(b" last")
    tally.finish()
    assert tally.words["first"] == tally.words["last"] == 1
    assert all(len(word) <= 128 for word in tally.words)


def test_one_endless_word_is_one_word() -> None:
    block = "é".encode() * 70_001
    blocks = [block[:-1], block[-1:], block * 3, b"\xc3", b"\xa9 end"]
    assert counted(WordRule(), *blocks) == {"é" * 128: 1, "end": 1}


def test_words_after_an_endless_run_are_not_lost() -> None:
    run = b"a" * 200_000
    words = counted(WordRule(), run, run + "—after".encode(), "“more”".encode())
    assert words == {"a" * 128: 1, "after": 1, "more": 1}


def test_too_many_different_words_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_tally, "MOST_DISTINCT", 50)
    monkeypatch.setattr(word_tally, "_MOST_TOKENS", 10)
    few, many = (b" ".join(b"w%d" % i for i in range(n)) for n in (50, 51))
    assert len(counted(WordRule(), few)) == 50
    with pytest.raises(billow.Rejected, match="more than 50 different words"):
        counted(WordRule(), many)


def test_tokens_are_let_go_when_they_weigh_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_tally, "_MOST_BYTES", 1000)
    tally = Tally(WordRule())
    tally.add("ü".encode() * 600 + b" ")
    assert len(tally._tokens) == 0
    tally.add(b"a " * 600)
    assert len(tally._tokens) == 1


APP = Path(__file__).parents[2] / "apps/wordfreq"
# The peak is read from /proc: `ru_maxrss` would begin with what the tests' own process has.
MEASURE = """
import sys
sys.path.insert(0, {app!r})
import words
part = {part}
blocks = (part for _ in range(200_000_000 // len(part)))
answer = words.count_words(blocks)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1024, answer.words[0][1])
"""

LINES = {
    "short words": '(b"to be or not to be " * 60_000)[: 1 << 20]',
    "one word": 'b"a" * (1 << 20)',
    "no ASCII separator": '"中国，".encode() * 110_000',
}


@pytest.mark.drill
@pytest.mark.parametrize("part", LINES.values(), ids=LINES.keys())
def test_a_line_of_200_mb_takes_128_mib_at_most(part: str) -> None:
    code = MEASURE.format(app=str(APP), part=part)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    megabytes, most = map(int, run.stdout.split())
    assert megabytes <= 128
    assert most >= 1
