"""`billow`: finds the verb, runs it, and says what went wrong in one line."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from billow import __version__
from billow.errors import Error

#: Verbs by section of the help; each is `billow.cli.<verb>`, imported when it is needed.
SECTIONS: dict[str, tuple[str, ...]] = {
    "Run": ("up", "send", "reload"),
    "Look": ("jobs", "job", "results", "queues", "fleet", "tables", "logs", "alarms"),
    "Mend": ("dead", "retry", "cancel", "remedies", "breakers", "cache"),
    "Be told": ("oncall", "incidents", "page", "heartbeat", "availability"),
    "People": ("accounts",),
    "Prove": ("drill",),
    "Set up": ("config", "doctor", "version"),
}

#: Exit statuses: a request that cannot be met, and a run that was broken off by Ctrl-C.
CANNOT = 2
INTERRUPTED = 130


class Verbs(click.Group):
    """The verbs, imported one by one so that the command line starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All verbs, in the order of the help."""
        return [verb for verbs in SECTIONS.values() for verb in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A verb, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"billow.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs by section, each with its first line of help."""
        for title, verbs in SECTIONS.items():
            commands = [(verb, self.get_command(ctx, verb)) for verb in verbs]
            rows = [(verb, made.get_short_help_str(200)) for verb, made in commands if made]
            with formatter.section(title):
                formatter.write_dl(rows)


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", metavar="FILE", help="The file of settings; default: beside the app.")
@click.version_option(__version__, prog_name="billow")
def billow(config: str | None) -> None:
    """Turn a Python function into an elastic, self-operating service.

    `billow up app.py` runs a service; `billow send FUNCTION FILE` gives it work.
    Every verb that shows something takes --json.
    """
    from billow.cli.place import use_settings  # noqa: PLC0415 - the help needs no settings
    from billow.settings import check_environment  # noqa: PLC0415

    check_environment()
    if config is not None:
        use_settings(config)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 all went well, 1 something failed, 2 it cannot be done."""
    _mind_interrupts()
    try:
        status = billow.main(arguments, prog_name="billow", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(status if isinstance(status, int) else 0)
    except click.ClickException as problem:
        _give_up(_usage_line(problem))
    except Error as problem:
        _give_up(f"billow: {problem.detail}", problem)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _leave_quietly()
    except Exception as problem:
        kind = type(problem).__name__
        line = f"billow: unexpected {kind}: {problem} (BILLOW_DEBUG=1 shows where)"
        _give_up(" ".join(line.split()), problem)


def _mind_interrupts() -> None:
    """Have SIGINT end what runs also where a shell started it in the background, deaf to that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _usage_line(problem: click.ClickException) -> str:
    """What click has to say, in one line."""
    context = getattr(problem, "ctx", None)
    verb = context.command_path if context else "billow"
    message = " ".join(problem.format_message().split()).rstrip(".")
    return f"{verb}: {message}; see `{verb} --help`"


def _give_up(line: str, problem: Exception | None = None) -> NoReturn:
    from billow.settings import setting  # noqa: PLC0415 - only needed here

    if problem is not None and os.environ.get(setting("debug").env) not in (None, "", "0"):
        raise problem
    print(line, file=sys.stderr)
    sys.exit(CANNOT)


def _leave_quietly() -> NoReturn:
    """Whoever read our output has closed it, such as `head`; that is no fault."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


if __name__ == "__main__":
    main()
