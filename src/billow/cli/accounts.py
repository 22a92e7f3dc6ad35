"""`billow accounts`: people who may use a service, and the record of what was done."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from billow.accounts.shapes import account_shape, entry_shape, token_shape
from billow.cli.out import ago, document, json_option, lines, say, table, warn
from billow.cli.place import Place, place_options
from billow.errors import Error, NotFound
from billow.units import seconds

if TYPE_CHECKING:
    from billow.accounts.roles import Principal
    from billow.accounts.secret import Secret
    from billow.accounts.service import AccountService
    from billow.ports.accounts import Account

_PAGE = 500


@click.group(invoke_without_command=True)
@place_options
@json_option
@click.pass_context
def accounts(ctx: click.Context, place: Place, as_json: bool) -> None:
    """List the accounts; make the first administrator; disable somebody.

    What is done here is in the audit log, as done by `cli`.
    """
    ctx.obj = place
    if ctx.invoked_subcommand is not None:
        return
    found = _all(_service(place))
    if as_json:
        lines(account_shape(each) for each in found)
        return
    columns = ("address", "name", "role", "plan", "since", "id")
    rows = (
        (each.email, each.name, _standing(each), each.plan, ago(each.created), each.id)
        for each in found
    )
    table(columns, rows, "no accounts")


_password = click.option(
    "--password", "ask", is_flag=True, help="Ask for a password; one line of a pipe will do."
)


@accounts.command()
@click.argument("email")
@click.option("--name", default="", help="What the person is called.")
@_password
@place_options
@json_option
def create(place: Place, email: str, name: str, ask: bool, as_json: bool) -> None:
    """Make an account for EMAIL, whose address you vouch for.

    Without --password the person sets one by asking for a new password at the log-in page.
    """
    service = _service(place)
    _show(service.admin.create(_operator(), email, _ask(ask), name), "created", as_json)


@accounts.command()
@click.argument("email")
@_password
@place_options
@json_option
def admin(place: Place, email: str, ask: bool, as_json: bool) -> None:
    """Make EMAIL an administrator; the account is made if there is none."""
    service, operator = _service(place), _operator()
    try:
        found = service.admin.find(operator, email)
    except NotFound:
        made = service.admin.create(operator, email, _ask(ask), role="admin")
        _show(made, "created, an administrator", as_json)
        return
    if ask:
        warn(f"{email} has an account; its password stays as it is")
    _show(service.admin.set_role(operator, found.id, "admin"), "is an administrator now", as_json)


@accounts.command()
@click.argument("account")
@place_options
@json_option
def disable(place: Place, account: str, as_json: bool) -> None:
    """Disable an ACCOUNT (address or id): its sessions and tokens end at once."""
    service, operator = _service(place), _operator()
    found = service.admin.find(operator, account)
    _show(service.admin.disable(operator, found.id), "disabled", as_json)


@accounts.command()
@click.argument("account")
@place_options
@json_option
def enable(place: Place, account: str, as_json: bool) -> None:
    """Let a disabled ACCOUNT (address or id) be used again."""
    service, operator = _service(place), _operator()
    found = service.admin.find(operator, account)
    _show(service.admin.enable(operator, found.id), "can be used again", as_json)


@accounts.command()
@click.argument("account")
@click.option("--name", default="command line", help="What to call the token in lists.")
@click.option("--scope", "scopes", multiple=True, default=("read", "submit"), show_default=True,
              help="What it is good for: read, submit, admin.")  # fmt: skip
@click.option("--for", "lifetime", default="30 d", show_default=True, help="How long it is good.")
@place_options
@json_option
def token(
    place: Place, account: str, name: str, scopes: tuple[str, ...], lifetime: str, as_json: bool
) -> None:
    """Make an API token for an ACCOUNT (address or id), and show it this once."""
    service, operator = _service(place), _operator()
    found = service.admin.find(operator, account)
    made = service.tokens.make(found, operator.owner, name, scopes, seconds(lifetime))
    if as_json:
        document({"token": made.secret.reveal(), **token_shape(made.token)})
    else:
        say(made.secret.reveal())


@accounts.command()
@click.option("--of", "account", help="Only what was done to this account (address or id).")
@place_options
@json_option
def audit(place: Place, account: str | None, as_json: bool) -> None:
    """Show the audit log, oldest first."""
    service, operator = _service(place), _operator()
    subject = service.admin.find(operator, account).id if account else None
    after, entries = 0, []
    while page := service.admin.log(operator, after, _PAGE, subject):
        entries += page
        after = page[-1].seq
    if as_json:
        lines(entry_shape(each) for each in entries)
        return
    columns = ("no>", "when", "who", "did", "to", "detail")
    rows = ((e.seq, ago(e.at), e.actor, e.action, e.subject, e.detail) for e in entries)
    table(columns, rows, "nothing was done yet")


@accounts.command()
@click.option("--head", help="A head that was noted earlier; the log must still contain it.")
@place_options
@json_option
def verify(place: Place, head: str | None, as_json: bool) -> int:
    """Check that nobody has altered the audit log; exit status 1 if somebody has.

    Note the head that it prints, away from this machine, to find out later if entries were cut
    off the end.
    """
    from billow.accounts.audit import holds  # noqa: PLC0415 - help needs no accounts

    service = _service(place)
    report = service.admin.verify_log(_operator())
    lost = head is not None and not holds(service.office.store, head)
    if as_json:
        document({**report._asdict(), "head_lost": lost})
    elif report.broken is not None:
        say(f"entry {report.broken} is not as it was written")
    elif lost:
        say("the log does not contain the head that was noted: entries were removed")
    else:
        say(f"{report.entries} entries are as they were written; head {report.head or 'none'}")
    return 1 if lost or report.broken is not None else 0


def _service(place: Place) -> AccountService:
    home = place.home()
    try:
        from billow.accounts.service import AccountService  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as problem:
        raise Error(
            f"accounts need {problem.name}; install it by `pip install billow[accounts]`"
        ) from None
    return AccountService(home)


def _operator() -> Principal:
    from billow.accounts.admin import OPERATOR  # noqa: PLC0415 - help needs no accounts

    return OPERATOR


def _all(service: AccountService) -> list[Account]:
    found: list[Account] = []
    after = None
    while page := service.admin.accounts(_operator(), after, _PAGE):
        found += page
        after = page[-1].id
    return found


def _standing(account: Account) -> str:
    return f"{account.role}, disabled" if account.disabled_at else account.role


def _show(account: Account, what: str, as_json: bool) -> None:
    if as_json:
        document(account_shape(account))
    else:
        say(f"{account.email}: {what}")


def _ask(wanted: bool) -> Secret | None:
    from billow.accounts.secret import Secret  # noqa: PLC0415 - help needs no accounts

    if not wanted:
        return None
    if not sys.stdin.isatty():
        return Secret(sys.stdin.readline().rstrip("\r\n"))
    text: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return Secret(text)
