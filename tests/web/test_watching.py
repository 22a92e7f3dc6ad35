"""The pages Charts and Alarms over HTTP, as a browser without a script sees them."""

from __future__ import annotations

import csv
import io
import time

import httpx
import pytest

import billow
from billow.flow.breakers import Breakers
from billow.flow.receivers import name_of
from billow.home import Home
from billow.ops import controls
from billow.ops.engine import Memory
from billow.ops.judging import AlarmState, Verdict
from billow.ops.recorder import Recorder
from billow.ops.remedies.guard import Done
from billow.ops.remedies.records import Record, Records
from billow.web.pages import measured
from billow.web.server import make_app

pytestmark = pytest.mark.anyio

HTML = {"accept": "text/html"}


async def get(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    answer = await client.get(path, headers=HTML)
    assert answer.status_code == status
    return answer.text


def measure(home: Home, ago: float = 30.0) -> None:
    recorder = Recorder()
    recorder.count("web.requests", 50)
    recorder.gauge("host.cpu", 95.0, "%")
    recorder.observe("app.words", 12.0, "words")
    recorder.gauge("process.web.rss", 50 * 1024 * 1024, "bytes")
    home.metrics.write(time.time() - ago, recorder.take())


def stand(home: Home, name: str, state: AlarmState, **more: object) -> None:
    memory = Memory(Verdict(state, 95.0), time.time(), time.time(), time.time())
    controls.show(home.journal, name, {**memory.pack(), "off": False, **more})


async def test_charts_show_what_was_measured(client: httpx.AsyncClient, home: Home) -> None:
    measure(home)
    page = await get(client, "/charts?range=30m")
    assert "Requests: at most 5" in page
    assert "words, words" in page
    assert 'aria-current="true">30 min' in page
    host = await get(client, "/charts?board=host&range=30m")
    assert "Busy: at most 95" in host
    assert "Memory of processes, MiB" in host


async def test_what_happened_is_marked_on_the_time_axis(
    client: httpx.AsyncClient, home: Home
) -> None:
    home.journal.write("alarm.alarm", "processors", "OK -> ALARM, 95", {"alarm": "processors"})
    page = await get(client, "/charts?range=30m")
    assert "Alarm on: processors: OK -\\u003e ALARM, 95" in page


async def test_a_range_that_is_none_is_three_hours(client: httpx.AsyncClient) -> None:
    assert 'aria-current="true">3 h' in await get(client, "/charts?range=ever&board=moon")


@pytest.mark.parametrize("name", measured.RANGES)
def test_ranges_are_read_in_whole_steps_of_a_kept_detail(name: str) -> None:
    grid = measured.grid(1_700_000_123.4, name)
    length, step = measured.RANGES[name]
    assert (grid.size * grid.step, grid.step) == (length, step)
    assert grid.until % step == 0
    assert grid.size <= 200


async def test_a_chart_as_csv(client: httpx.AsyncClient, home: Home) -> None:
    measure(home)
    answer = await client.get("/charts/cpu.csv?range=30m")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["time", "Busy"]
    assert ["95.0"] in [row[1:] for row in rows]
    assert len(rows) == 181
    await get(client, "/charts/nothing.csv", 404)


async def test_the_dashboard_for_grafana(client: httpx.AsyncClient) -> None:
    made = (await client.get("/charts/grafana.json")).json()
    titles = [panel["title"] for panel in made["panels"]]
    assert titles[:2] == ["Requests", "Time to answer"]
    assert "add: oldest waiting job" in titles
    known = (await client.get("/metrics")).text
    names = {
        name
        for panel in made["panels"]
        for target in panel["targets"]
        for name in ("billow_http_requests_total", "billow_jobs", "billow_workers",
                     "billow_queue_oldest_seconds", "billow_http_request_seconds_bucket",
                     "process_resident_memory_bytes")
        if name in target["expr"]
    }  # fmt: skip
    assert len(names) == 6
    assert all(name in known for name in names)


async def test_alarms_before_any_was_evaluated(client: httpx.AsyncClient) -> None:
    page = await get(client, "/alarms")
    assert "No alarm has been evaluated yet" in page
    assert "None of 16 alarms is in ALARM." in page


async def test_alarms_by_state_with_their_last_hour(client: httpx.AsyncClient, home: Home) -> None:
    measure(home, ago=120)
    stand(home, "memory", AlarmState.OK)
    stand(home, "processors", AlarmState.ALARM)
    page = await get(client, "/alarms")
    assert "1 alarm in ALARM, of 16." in page
    assert page.index("<b>processors</b>") < page.index("<b>memory</b>")
    assert '<polyline points="' in page


async def test_the_first_screen_and_the_api_tell_of_alarms(
    client: httpx.AsyncClient, home: Home
) -> None:
    stand(home, "processors", AlarmState.ALARM, when="host.cpu > 90 %", do=[], page="")
    assert "in ALARM: processors" in await get(client, "/?function=add")
    [told] = (await client.get("/api/v1/alarms")).json()["alarms"]
    assert (told["name"], told["state"], told["value"]) == ("processors", "ALARM", 95.0)


async def test_an_alarm_is_switched_off_and_on(client: httpx.AsyncClient, home: Home) -> None:
    stand(home, "disk", AlarmState.OK)
    answer = await client.post("/alarms", data={"alarm": "disk", "on": "0"}, headers=HTML)
    assert answer.status_code == 303
    assert controls.control(home.journal, "disk")["off"]
    await client.post("/alarms", data={"alarm": "disk", "on": "1"}, headers=HTML)
    assert not controls.control(home.journal, "disk")["off"]
    assert (await client.post("/alarms", data={"alarm": "no"}, headers=HTML)).status_code == 404
    assert (await client.post("/alarms", data={}, headers=HTML)).status_code == 422


async def test_that_load_is_shed_is_shown_and_ended(client: httpx.AsyncClient, home: Home) -> None:
    controls.shed(home.journal, "slow", time.time() + 600, "9 s (web.latency > 5 s)")
    assert "9 s (web.latency &gt; 5 s)" in await get(client, "/alarms")
    told = await client.post("/alarms", data={"lift": "shedding"}, headers=HTML)
    assert told.status_code == 303
    assert "Load is shed" not in await get(client, "/alarms")


async def test_the_first_screen_says_that_jobs_wait_and_that_load_is_shed(
    client: httpx.AsyncClient, home: Home
) -> None:
    assert "wait: it does not work" not in await get(client, "/")
    Breakers(home).open("mail", "it does not answer")
    controls.shed(home.journal, "slow", time.time() + 600, "9 s on average")
    page = await get(client, "/")
    assert "jobs that call mail wait: it does not work" in page
    assert "load is shed: 9 s on average" in page


async def test_the_fleet_of_a_function_says_why_its_jobs_wait(home: Home) -> None:
    app = billow.App("shop")

    @app.function(calls="maps")
    def locate() -> None:
        """Nothing."""

    Breakers(home).open("maps", "it does not answer")
    made = make_app(home, app)
    transport = httpx.ASGITransport(made)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
        page = (await browser.get("/fleet", headers=HTML)).text
    assert "Its jobs wait, because maps does not work: it does not answer." in page
    made.state.context.close()


async def test_a_breaker_is_shown_and_closed(client: httpx.AsyncClient, home: Home) -> None:
    Breakers(home).open("mail", "it does not answer")
    assert "it does not answer" in await get(client, "/alarms")
    told = await client.post("/alarms", data={"close": "mail"}, headers=HTML)
    assert told.status_code == 303
    assert Breakers(home).all() == []
    assert (await client.post("/alarms", data={"close": "x"}, headers=HTML)).status_code == 404


async def test_breakers_of_endpoints_are_apart_and_no_trouble_of_the_services(
    client: httpx.AsyncClient, home: Home
) -> None:
    name = name_of("hooks.example.org", "e1")
    Breakers(home).open(name, "no answer in 15 s")
    page = await get(client, "/alarms")
    assert "1 endpoint of webhooks takes nothing" in page
    assert "no answer in 15 s" in page
    assert "The breaker of" not in page
    assert "hooks.example.org" not in await get(client, "/")
    assert (await client.post("/alarms", data={"close": name}, headers=HTML)).status_code == 303
    assert Breakers(home).all() == []


async def test_remedies_are_shown_and_switched(client: httpx.AsyncClient, home: Home) -> None:
    records = Records(home.tables)
    told = Record("", Done(time.time(), "restart", "web", "slow", "acting"), "95", "m0 is silent")
    records.end(records.begin(told), "helped", "m0 is replaced")
    page = await get(client, "/alarms")
    assert "m0 is silent; m0 is replaced" in page
    await client.post("/alarms", data={"mode": "off"}, headers=HTML)
    assert controls.mode(home.journal) == "off"
    assert (await client.post("/alarms", data={"mode": "x"}, headers=HTML)).status_code == 422
