"""`make gas`: GAS with accounts and payments to try, on this machine alone.

The service is the real one, as `billow up` runs it; a stand-in takes the place of Stripe, in a
process of its own. Time passes faster: a result is archived soon instead of after 30 minutes.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from billow.home import open_home
from billow.keeper import run
from billow.keeper.demo import Welcome, make_people, show
from billow.loading import load_app
from billow.payments.stand_in.pages import GOOD_CARD

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "var" / "gas"
PORT = 8420
SPEED = 60.0


class HowTo(Welcome):
    """Where everything is."""

    def __init__(self, password: str, speed: float) -> None:
        super().__init__(password)
        self._speed = speed

    def started(self, service: Mapping[str, Any]) -> None:
        """Tell it."""
        super().started(service)
        url = service["url"]
        click.echo(
            f"""
  sign up      {url}/signup
  mails        {url}/inbox, as the administrator (in another browser window): {self.admin}
  send         {HERE / "samples"}/human_mt.vcf and sarscov2.vcf.gz
  upgrade      {url}/plan, with the card {GOOD_CARD}
  archived     {30 * 60 / self._speed:.0f} s after a job is done, on the plan free
  stop         Ctrl-C
"""
        )


def main() -> int:
    """Run GAS until Ctrl-C."""
    wanted = _arguments()
    return show(partial(_serve, wanted), wanted.folder)


def _serve(wanted: argparse.Namespace) -> None:
    port, shop = wanted.port or _free_port(), _free_port()
    key, secret = f"sk_test_{secrets.token_hex(16)}", f"whsec_{secrets.token_hex(16)}"
    os.environ |= {
        "BILLOW_STRIPE_KEY": key,
        "BILLOW_STRIPE_WEBHOOK_SECRET": secret,
        "BILLOW_STRIPE_API_BASE": f"http://127.0.0.1:{shop}",
        "BILLOW_MAIL": "inbox",
    }
    hook = f"http://127.0.0.1:{port}/api/v1/payments/stripe"
    stand_in = subprocess.Popen(
        [
            sys.executable, "-m", "billow.payments.stand_in", "--webhook", hook,
            "--price", "premium=1200:eur:month", "--port", str(shop), "--key", key,
            "--secret", secret, "--file", str(wanted.folder / "payments.json"),
        ],
        start_new_session=True,
    )  # fmt: skip
    try:
        made = make_people(open_home(wanted.folder), load_app(HERE / "app.py"), {}, "")
        view = HowTo(made, wanted.speed)
        run(str(HERE / "app.py"), wanted.folder, port=port, speed=wanted.speed, view=view)
    finally:
        stand_in.terminate()
        stand_in.wait(10)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
        return port


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="of the service; 0: any free one")
    parser.add_argument("--speed", type=float, default=SPEED, help="how much faster time passes")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where everything is kept")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
