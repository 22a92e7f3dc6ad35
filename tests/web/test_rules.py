"""Every route has a rule, and every rule holds for everybody."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from starlette.responses import Response
from starlette.routing import Route

from billow.errors import DeclarationError
from billow.flow.client import Client
from billow.testing import memory_home, run_jobs
from billow.web import pages
from billow.web.api import ENDPOINTS
from billow.web.api.endpoint import routes_of
from billow.web.pages import account, admin
from billow.web.rules import RULES, Level, keys_of, ruled
from tests.web.people import HTML, Person, Town, app

pytestmark = pytest.mark.anyio

# Who may delete their account comes after their programs.
PEOPLE = ["anonymous", "reader", "sender", "operator", "owner", "other", "premium", "admin"]
#: Routes about one job; they are tried on the job of `owner`.
ONE_JOB = {key for key in RULES if "/jobs/{id}" in key}


@pytest.fixture
def town() -> Iterator[Town]:
    made = Town(memory_home(app))
    yield made
    made.context.close()


class Cast:
    """One of each kind, and a finished job of the owner's with a file."""

    def __init__(self, town: Town) -> None:
        self.town = town
        owner, boss = town.person("owner"), town.person("boss", role="admin")
        self.people: dict[str, Person | None] = {
            "anonymous": None,
            "owner": owner,
            "other": town.person("other"),
            "premium": town.person("premium", "premium"),
            "admin": boss,
            "reader": town.program(owner.account, "read"),
            "sender": town.program(owner.account, "submit"),
            "operator": town.program(boss.account, "admin"),
        }
        client = Client(town.home, app)
        self.job = client.send_file("count", [b"abc"], name="a.txt", owner=owner.owner)
        run_jobs(town.home, app)

    def address(self, path: str) -> str:
        if "/jobs/" in path:
            path = path.replace("{id}", self.job.id).replace("files/{name}", "files/a.log")
        owner = self.people["owner"]
        assert owner is not None
        ids = {"/admin/{id}": owner.owner, "/functions/{name}": "count"}
        for start, value in ids.items():
            if start in path:
                path = path.replace("{id}", value).replace("{name}", value)
        names = ("{id}", "{name}", "{key:path}", "{key}", "{store}", "{table}", "{queue}")
        for name in names:
            path = path.replace(name, "none")
        return path.replace("{function}", "count").replace("/static", "/static/base.css")


def expected(key: str, who: str) -> str:
    """What the rule of a route means for somebody: `in`, `log in`, or `refused`."""
    rule = RULES[key]
    if rule.level is Level.ANYBODY:
        return "in"
    if who == "anonymous":
        return "log in"
    scopes = {"reader": {"read"}, "sender": {"submit"}, "operator": {"admin"}}.get(who)
    if scopes is not None and rule.scope not in scopes:
        return "refused"
    if rule.level is Level.ADMIN and who not in ("admin", "operator"):
        return "refused"
    return "in"


async def outcome(cast: Cast, key: str, who: str) -> httpx.Response:
    method, _, path = key.partition(" ")
    person = cast.people[who]
    more = {} if person is None or not person.form else {"x-billow-form": person.form}
    async with cast.town.client(person, **more) as client:
        return await client.request(method, cast.address(path))


def test_every_route_has_a_rule_and_every_rule_a_route(town: Town) -> None:
    own = [*account.routes(town.lobby), *admin.routes(town.lobby)]
    routes = [*routes_of(ENDPOINTS), *pages.routes(), *own]
    keys = [key for route in routes for key in keys_of(route)]
    assert set(keys) == set(RULES)


def test_a_route_without_a_rule_keeps_the_service_from_starting(town: Town) -> None:
    def new() -> Response:
        return Response()

    with pytest.raises(DeclarationError, match="GET /new"):
        ruled([Route("/new", new, methods=["GET"])], town.lobby)


@pytest.mark.parametrize("key", RULES)
async def test_a_rule_holds_for_everybody(town: Town, key: str) -> None:
    cast = Cast(town)
    town.context.news.closed = True  # streams end at once
    for who in PEOPLE:
        answer = await outcome(cast, key, who)
        found = {401: "log in", 403: "refused"}.get(answer.status_code, "in")
        if RULES[key].level is Level.ANYBODY:
            # The handler may refuse a code or a signature that is wrong, but no rule is in the way.
            assert "or send an API token" not in answer.text, who
        else:
            assert found == expected(key, who), (who, answer.text)


@pytest.mark.parametrize("key", sorted(ONE_JOB))
async def test_a_job_of_somebody_else_is_not_there(town: Town, key: str) -> None:
    cast = Cast(town)
    town.context.news.closed = True
    for who in ("other", "premium"):
        assert (await outcome(cast, key, who)).status_code == 404, who
    for who in ("owner", "admin"):
        assert (await outcome(cast, key, who)).status_code != 404, who


@pytest.mark.parametrize("key", [key for key in RULES if key.startswith("GET ")])
async def test_people_without_a_session_are_led_to_the_log_in(town: Town, key: str) -> None:
    cast = Cast(town)
    town.context.news.closed = True
    path = cast.address(key.partition(" ")[2])
    async with town.client(None, **HTML) as client:
        answer = await client.get(path)
    if RULES[key].level is Level.ANYBODY:
        assert "/login" not in answer.headers.get("location", "")
    elif path.startswith("/api/"):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    else:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=%2F")
