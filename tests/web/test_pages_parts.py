"""What pages are made of: words, charts, results, steps, form fields."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billow
from billow.clock import VirtualClock
from billow.home import Home
from billow.job import Failure, Job, Status
from billow.testing import memory_home
from billow.web.pages import charts, wording
from billow.web.pages.fields import fields_of
from billow.web.pages.results import Bars, blocks
from billow.web.pages.steps import steps
from billow.web.pages.view import STATIC

NOW = 1_700_000_000.0


@pytest.fixture
def home(clock: VirtualClock) -> Home:
    return memory_home(clock=clock)


def test_numbers_are_worded() -> None:
    values = [None, 0, 12345, 0.25, 3.14159, 12.345, 1234.5]
    assert [wording.number(v) for v in values] == [
        "–", "0", "12,345", "0.25", "3.1", "12.3", "1,234.5",
    ]  # fmt: skip
    assert wording.count(1, "job") == "1 job"
    assert wording.count(1200, "try", "tries") == "1,200 tries"


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (0.2, "just now"),
        (5, "5 s ago"),
        (119, "1 min ago"),
        (7200, "2 h ago"),
        (3 * 86400, "3 d ago"),
        (-30, "in 30 s"),
    ],
)
def test_times_are_worded(past: float, words: str) -> None:
    assert wording.ago(NOW - past, NOW) == words


def test_policies_are_told_in_words() -> None:
    step = billow.StepScaling(out_at=15, in_at=2, period="5 min", cooldown="90 s")
    assert wording.policy(step) == (
        "Adds 1 worker when the average of waiting jobs over 5 min is 15 or more, "
        "removes 1 when it is 2 or less; then rests for 1 min 30 s."
    )
    patient = billow.StepScaling(out_at=15, in_at=2, period="30 s", datapoints=2, periods=3)
    assert "over 30 s is 15 or more" in wording.policy(patient)
    assert "in 2 of 3 datapoints" in wording.policy(patient)
    assert wording.policy(billow.Queue(per_worker=1)).startswith("Keeps one worker for every job ")
    assert "every 0.5 jobs" in wording.policy(billow.Queue(per_worker=0.5))
    assert wording.policy(billow.Fixed(1)) == "Always 1 worker."


def test_an_authors_own_policy_is_shown_as_it_calls_itself() -> None:
    class Moody(billow.Fixed):
        def __repr__(self) -> str:
            return "Moody()"

    assert wording.policy(Moody(2)) == "Always 2 workers."


def test_kinds_of_events_have_names() -> None:
    assert wording.kind("scale.out") == "Scaled out"
    assert wording.kind("disk.nearly_full") == "Disk nearly full"
    assert [wording.tone(k) for k in ("scale.out", "worker.crashed", "worker.ready")] == [
        "out", "bad", "plain",
    ]  # fmt: skip


def test_a_value_is_held_until_the_next_one(home: Home) -> None:
    grid = charts.Grid(NOW, 1.0, 40)
    for at, value in ((-3, 7.0), (2, 5.0), (3, 4.0)):
        home.journal.sample({"depth": value}, NOW + at)
    values = charts.read(home.journal, "depth", grid)
    assert values[:5] == [7.0, 7.0, 5.0, 4.0, 4.0]
    assert values[3 + 25] == 4.0
    assert values[3 + 26] is None
    assert charts.read(home.journal, "unknown", grid) == [None] * 40


@given(now=st.floats(1e9, 2e9), length=st.sampled_from(sorted(charts.RANGES.values())))
def test_a_grid_ends_now_and_moves_in_whole_steps(now: float, length: float) -> None:
    grid = charts.Grid.ending(now, length)
    assert len(grid.times) == grid.size <= 151
    assert grid.times[-1] <= now < grid.until <= now + grid.step
    assert grid.since % grid.step == 0


def test_depth_says_the_most_that_waited(home: Home) -> None:
    grid = charts.Grid(NOW, 1.0, 10)
    assert charts.depth(home.journal, "q", grid).caption == "Nothing was measured in this time."
    for second, waiting in enumerate([0, 120, 80, 3]):
        home.journal.sample({"queue.q.visible": waiting, "queue.q.in_flight": 1}, NOW + second)
    chart = charts.depth(home.journal, "q", grid)
    assert chart.caption == f"At most 120 waited, at {wording.clock(NOW + 1)}; 3 now."
    assert chart.rows[0] == (NOW + 9, [3.0, 1.0])
    assert chart.data["lines"][0]["values"][:3] == [0.0, 120.0, 80.0]


def test_arrivals_follow_from_what_is_held_and_what_left(home: Home) -> None:
    grid = charts.Grid(NOW, 1.0, 20)
    held = [0, 0, 40] + [40 - 2 * n for n in range(1, 18)]
    for second, waiting in enumerate(held):
        values = {"queue.q.visible": waiting, "queue.q.in_flight": 0, "queue.q.delayed": 0}
        rates = {"jobs.f.completed": 2.0 if second > 2 else 0.0, "jobs.f.failed": 0.0}
        home.journal.sample(values | rates, NOW + second)
    chart = charts.flow(home.journal, "f", "q", grid)
    assert chart.caption == "About 40 came in, 34 were completed, none failed."
    assert chart.lines[0].values[2] == 10.0  # 40 at once, averaged over neighbours
    assert chart.lines[1].values[10] == 2.0


def test_worker_charts_carry_the_decisions(home: Home) -> None:
    grid = charts.Grid(NOW, 1.0, 10)
    home.journal.write("scale.out", "f", "17 visible", {"from": 1, "to": 2}, at=NOW + 3)
    home.journal.sample({"fleet.f.busy": 1, "fleet.f.wanted": 2}, NOW + 1)
    marks = charts.marks_of(home.journal.read())
    chart = charts.workers(home.journal, "f", grid, marks)
    assert chart.data["marks"] == [
        {"at": NOW + 3, "tone": "out", "text": "Scaled out, 1 to 2: 17 visible"}
    ]
    assert chart.caption == "1 scaling decision in this time; 2 to 2 workers wanted."


@pytest.mark.parametrize(
    ("result", "kinds"),
    [
        ([["sea", 3], ["ship", 2]], ["bars"]),
        ([["sea", -3]], ["plain"]),
        ({"words": [["sea", 3]], "total": 9, "file": "a.txt"}, ["facts", "bars"]),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, ["bars"]),
        ([{"x": 1, "y": None}, {"x": 2, "y": "b"}], ["grid"]),
        ([{"x": 1}, {"y": 2}], ["plain"]),
        ([{"x": [1]}], ["plain"]),
        ({"deep": {"er": 1}}, ["plain"]),
        ({"n": 1, "kinds": {"SNV": 3, "DEL": 0}}, ["facts", "bars"]),
        ({"n": 1, "kinds": {"SNV": 3, "DEL": -1}}, ["facts", "plain"]),
        ({"n": 1, "notes": [], "kinds": {}}, ["facts"]),
        ([], ["plain"]),
        ({}, ["plain"]),
        (None, ["plain"]),
        ("text", ["plain"]),
        ([True, False], ["plain"]),
    ],
)
def test_results_are_shown_by_their_shape(result: Any, kinds: list[str]) -> None:
    assert [block.kind for block in blocks(result)] == kinds


def test_a_long_list_is_cut_and_says_so() -> None:
    [block] = blocks([[str(n), n] for n in range(500)])
    assert isinstance(block, Bars)
    assert (len(block.rows), block.more, block.most) == (200, 300, 199)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(_JSON)
def test_any_result_can_be_shown(result: Any) -> None:
    assert all(block.kind in ("bars", "grid", "facts", "plain") for block in blocks(result))


app = billow.App("steps")


@app.function()
def quiet() -> None:
    """Tell nobody."""


@app.function()
def loud() -> None:
    """Tell when completed."""


loud.on(billow.Event.COMPLETED)(lambda job: None)


def states(function: str, status: Status, **facts: Any) -> list[str]:
    job = Job("j", function, status, created=NOW, **facts)
    return [step.state for step in steps(app, job, None, NOW + 5)]


def test_steps_show_how_far_a_job_is() -> None:
    began: dict[str, Any] = {"started": NOW + 1, "worker": "w"}
    ended: dict[str, Any] = {**began, "finished": NOW + 3}
    failed: dict[str, Any] = {**ended, "failure": Failure("raised", "no")}
    assert states("loud", Status.PENDING) == ["now", "next", "next", "next"]
    assert states("loud", Status.RUNNING, **began) == ["done", "now", "next", "next"]
    assert states("loud", Status.COMPLETED, **ended) == ["done", "done", "done", "done"]
    assert states("loud", Status.FAILED, **failed) == ["done", "done", "bad", "none"]
    assert states("quiet", Status.COMPLETED, **ended) == ["done", "done", "done", "none"]
    assert states("quiet", Status.CANCELLED, finished=NOW) == ["done", "none", "bad", "none"]
    assert states("gone", Status.COMPLETED, **ended) == ["done", "done", "done", "none"]


def test_fields_follow_the_parameters() -> None:
    @billow.App("fields").function()
    def f(
        count: int,
        share: float = 0.5,
        mode: Literal["fast", "good"] = "fast",
        deep: bool = False,
        words: list[str] | None = None,
        text: str | list[str] | None = None,
    ) -> None:
        """Take all kinds."""

    made = {field.name: (field.kind, field.required, field.default) for field in fields_of(f)}
    assert made == {
        "count": ("integer", True, ""),
        "share": ("number", False, "0.5"),
        "mode": ("choice", False, "fast"),
        "deep": ("flag", False, "no"),
        "words": ("json", False, "none"),
        "text": ("text", False, "none"),
    }
    assert fields_of(f)[2].choices == ("fast", "good")


def test_vendored_files_are_the_ones_their_list_names() -> None:
    folder = STATIC / "vendor"
    listed = {}
    for line in (folder / "VERSIONS").read_text().splitlines():
        parts = line.split()
        if len(parts) == 5 and len(parts[-1]) == 64:
            listed[parts[0]] = parts[-1]
    scripts = [f for f in folder.iterdir() if f.suffix in (".js", ".css")]
    assert listed == {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in scripts}
    assert (folder / "htmx.LICENSE").exists()
    assert (folder / "uPlot.LICENSE").exists()


def test_target_tracking_in_words() -> None:
    assert wording.policy(billow.TargetTracking("600/min", latency="500 ms", cpu=0.5)) == (
        "As many servers as keep to 10 requests a second each, 95 of 100 answers within 500 ms, "
        "50% of a core each; shrinks after fewer have been enough for 1 min."
    )
