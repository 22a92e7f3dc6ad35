"""`billow breakers`: what jobs call and must not, because it does not work."""

from __future__ import annotations

import click

from billow.cli.out import ago, json_option, lines, say, table
from billow.cli.place import Place, place_options
from billow.errors import NotFound
from billow.flow.breakers import Breaker, Breakers
from billow.ops.dependencies import dependencies
from billow.units import human_time

_reason = click.option("--reason", default="", help="Why; it is written down.")


@click.group(invoke_without_command=True)
@place_options
@json_option
@click.pass_context
def breakers(ctx: click.Context, place: Place, as_json: bool) -> None:
    """Show the breakers that are open; open and close them by hand.

    While one is open, jobs of the functions that call it wait, and use up no tries.
    """
    if ctx.invoked_subcommand is not None:
        return
    home = place.home()
    found, now = Breakers(home).all(), home.clock.now()
    if as_json:
        lines({**_facts(one), "trying": one.tries(now)} for one in found)
        return
    rows = ((one.name, ago(one.opened), one.failed, _next(one, now), one.reason) for one in found)
    table(("breaker", "opened", "in vain>", "next try", "why"), rows, "none is open")


@breakers.command("open")
@click.argument("name")
@_reason
@place_options
def open_(place: Place, name: str, reason: str) -> None:
    """Keep back the jobs that call NAME, until a try shows that it works."""
    known = dependencies(place.app().functions.values())
    if name not in known:
        raise NotFound(f"nothing calls {name!r}; there are: {', '.join(known)}")
    opened = Breakers(place.home()).open(name, reason or "opened by hand")
    say(f"the breaker of {name} {'is open' if opened else 'was open already'}")


@breakers.command()
@click.argument("name")
@_reason
@place_options
def close(place: Place, name: str, reason: str) -> None:
    """Let the jobs that call NAME go on at once."""
    Breakers(place.home()).close(name, reason or "closed by hand")
    say(f"the breaker of {name} is closed")


def _facts(breaker: Breaker) -> dict[str, object]:
    names = ("name", "reason", "opened", "until", "rest", "failed")
    return {name: getattr(breaker, name) for name in names}


def _next(breaker: Breaker, now: float) -> str:
    if breaker.tries(now):
        return "now"
    return f"in {human_time(breaker.until - now)}" if breaker.until > now else "with the next job"
