"""Signs people up in a folder without end, and prints the number of each one that was accepted."""

from __future__ import annotations

import itertools
import sys

from billow.accounts.passwords import Hasher
from billow.accounts.secret import Secret
from billow.accounts.service import AccountService
from billow.accounts.sessions import Visit
from billow.home import open_home

if __name__ == "__main__":
    service = AccountService(open_home(sys.argv[1]), hasher=Hasher(memory=8, passes=1))
    for number in itertools.count():
        visit = Visit(f"198.51.{number // 250}.{number % 250}")
        email = f"a{number}@{sys.argv[2]}.example.org"
        service.sign_ups.ask(email, Secret("correct horse battery"), visit=visit)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
