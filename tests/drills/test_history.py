from __future__ import annotations

from contextlib import closing
from pathlib import Path

from billow.drill.history import Asked, Call, End, History, Recorder, Sighting, known_at
from billow.drill.history import read_histories as read

ASKED = Asked("k", "count", 7, "right", "abc")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a", "a")
    recorder.end(recorder.call(ASKED), End.OK, "j")
    recorder.end(recorder.call(ASKED), End.FAIL, why="no")
    recorder.saw(1.5, "j", "completed", 2.5, "right")
    recorder.close()
    history = read([tmp_path / "a"])
    assert [(call.asked, call.end, call.job) for call in history.calls] == [
        (ASKED, End.OK, "j"),
        (ASKED, End.FAIL, None),
    ]
    assert all(call.ended is not None and call.ended >= call.invoked for call in history.calls)
    assert [seen[2:] for seen in history.sightings] == [("j", "completed", 2.5, "right")]


def test_a_call_without_an_end_may_have_happened(tmp_path: Path) -> None:
    with closing(Recorder(tmp_path / "a", "a")) as recorder:
        recorder.call(ASKED)
    assert [(call.end, call.ended) for call in read([tmp_path / "a"]).calls] == [(End.INFO, None)]


def test_a_line_cut_off_does_no_harm_and_numbers_begin_again(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with closing(Recorder(path, "a")) as recorder:
        recorder.call(ASKED)
    with path.open("ab") as file:
        file.write(b'{"at": 1, "client": "a", "what": "ok", "numb')
    with closing(Recorder(path, "a")) as again:
        again.end(again.call(ASKED), End.OK, "j")
    assert [call.end for call in read([path]).calls] == [End.INFO, End.OK]


def test_a_cut_keeps_what_was_answered_before_it_and_may_keep_what_was_asked() -> None:
    calls = [
        Call("c", ASKED, 1.0, End.OK, 2.0, "before"),
        Call("c", ASKED, 2.0, End.OK, 4.0, "during"),
        Call("c", ASKED, 5.1, End.OK, 6.0, "after"),
    ]
    looks = [Sighting(1.0, at, "j", "running", None, None) for at in (2.0, 4.0)]
    known = known_at(History(calls, looks), 3.0, 5.0)
    assert [(call.end, call.job) for call in known.calls] == [
        (End.OK, "before"),
        (End.INFO, None),
    ]
    assert known.sightings == looks[:1]
