"""pkeep as a part of the running site: a datagram in, a picture out."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from PIL import Image

from billow.flow.originals import attach
from billow.home import open_home
from billow.loading import load_app
from tests.keeper.helpers import running, until

pytestmark = pytest.mark.drill

SITE = Path(__file__).parents[2] / "apps" / "fakeflickr"


def ask(port: int, packet: str) -> str:
    """The answer to a datagram; empty if there is none yet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(20)
        asking.connect(("127.0.0.1", port))
        try:
            asking.send(packet.encode())
            return asking.recv(2048).decode()
        except OSError:
            return ""


def test_a_datagram_gets_the_path_of_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    monkeypatch.setenv("PKEEP_PORT", str(port))
    home, app = open_home(tmp_path / "data"), load_app(SITE)
    attach(app, lambda: home)
    file = io.BytesIO()
    Image.new("RGB", (400, 200), (200, 30, 30)).save(file, "JPEG")
    file.seek(0)
    photo = app.collections["photos"].add(file, "red.jpg")
    with running(str(SITE), tmp_path / "data"):
        said = until(lambda: ask(port, f"7,{photo},100,ROTATE 90\nTEXT_LEFT a, b"), 90)
        ticket, _, address = said.partition(",")
        path = Path(address.removeprefix("file://"))
        assert ticket == "7"
        assert path.parent == tmp_path / "data" / "processes" / "pkeep" / "cache" / "01"
        assert path.name.startswith("000001.100.")
        with Image.open(path) as shown:
            assert shown.size == (50, 100)
        assert ask(port, "8,99,100,").startswith("8,OH NOES")
        assert ask(port, f"9,{photo},0,").endswith("/originals/1/0/1.jpg")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as leaving:
            leaving.sendto(b"KTHXBYE", ("127.0.0.1", port))
        assert until(lambda: ask(port, f"10,{photo},100,ROTATE h"), 90).startswith("10,file:///")
