"""Hostile files from the upload to the words that their sender reads, with memory held."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import billow
from billow.accounts.admin import OPERATOR
from billow.accounts.opening import open_accounts
from billow.clock import VirtualClock
from billow.loading import load_app
from billow.mail.records import INBOX
from billow.testing import memory_home, run_jobs
from billow.web.server import make_app

pytestmark = pytest.mark.anyio

GAS = Path(__file__).parents[2] / "apps/gas"
APP = load_app(GAS)
BASE = "http://127.0.0.1:8420"
JOBS = "/api/v1/functions/annotate/jobs"
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
HEADER = f"##fileformat=VCFv4.2\n{COLUMNS}\n"
RECORD = "MT\t3308\t.\tT\tC\t.\tPASS\t.\n"
SAMPLES = "".join(f"\tS{n}" for n in range(3000))
#: Records whose packed bytes are not easily squeezed, so that a cut falls between them.
MANY = "".join(
    f"MT\t{random.Random(n).randint(1, 16_000)}\t.\tA\tC\t.\t.\t.\n" for n in range(2000)
)


def bomb(blocks: int) -> bytes:
    """A packed VCF with one line of `blocks` MiB, a thousandth of that long."""
    head = gzip.compress(HEADER.encode() + b"MT\t1\t.\tA\tC\t.\t.\t")
    return head + gzip.compress(b"A" * (1 << 20)) * blocks


REFUSED = {
    "nothing": ("a.vcf", b"", "empty"),
    "text": ("a.vcf", b"Dear all,\nsee below.\n", "not a VCF"),
    "a picture": ("a.vcf", b"\x89PNG\r\n\x1a\n" + bytes(200), "not a VCF"),
    "no header": ("a.vcf", RECORD.encode(), "no header"),
    "no columns": ("a.vcf", f"##fileformat=VCFv4.2\n{RECORD}".encode(), "#CHROM"),
    "cut off": ("a.vcf.gz", gzip.compress((HEADER + MANY).encode())[:-2000], "cut off"),
    "not packed": ("a.vcf.gz", b"\x1f\x8bnonsense", "damaged"),
    "blanks for tabs": ("a.vcf", (HEADER + RECORD.replace("\t", " ")).encode(), "columns"),
    "no number": ("a.vcf", (HEADER + RECORD.replace("3308", "x")).encode(), "POS is not a number"),
    "an endless line": ("a.vcf.gz", bomb(1024), "line"),
}
TAKEN = {
    "Windows line ends": ("a.vcf", (HEADER + RECORD).replace("\n", "\r\n").encode()),
    "3,000 samples": (
        "a.vcf",
        HEADER.replace("\tINFO\n", f"\tINFO\tFORMAT{SAMPLES}\n").encode()
        + RECORD.replace("\n", "\tGT" + "\t0/1" * 3000 + "\n").encode(),
    ),
    "no records": ("a.vcf", HEADER.encode()),
}


class Desk:
    """The service, and somebody who may send files of any size."""

    def __init__(self) -> None:
        self.home = memory_home(APP, VirtualClock())
        self.web = make_app(self.home, APP)
        accounts = open_accounts(self.home, APP)
        made = accounts.admin.create(OPERATOR, "anna@example.org")
        accounts.admin.set_plan(OPERATOR, made.id, "premium")
        scopes = ("read", "submit")
        token = accounts.tokens.make(made, made.id, "test", scopes, None).secret.reveal()
        self.headers = {"authorization": f"Bearer {token}"}

    async def send(self, name: str, data: bytes) -> tuple[billow.Job, str]:
        """The job that a file became, and its page."""
        transport = httpx.ASGITransport(self.web)
        async with httpx.AsyncClient(
            transport=transport, base_url=BASE, headers=self.headers
        ) as client:
            sent = await client.post(JOBS, files={"file": (name, data)})
            assert sent.status_code == 202, sent.text
            run_jobs(self.home, APP)
            job = self.home.ledger.get(sent.json()["id"])
            assert job is not None
            page = await client.get(f"/jobs/{job.id}", headers={"accept": "text/html"})
            return job, page.text


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.web.state.context.close()


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_annotated_is_told_at_once_and_why(desk: Desk, case: str) -> None:
    name, data, reason = REFUSED[case]
    job, page = await desk.send(name, data)
    assert job.status is billow.Status.FAILED
    assert job.failure is not None
    assert (job.failure.kind, job.failures) == ("rejected", 1)
    assert reason in job.failure.message
    assert reason in page
    assert "Traceback" not in page
    assert ".py" not in job.failure.message
    assert len(job.failure.message) < 300
    [letter] = desk.home.tables.query(INBOX)
    assert reason in letter.value["text"]


@pytest.mark.parametrize("case", TAKEN)
async def test_what_is_unusual_and_right_is_annotated(desk: Desk, case: str) -> None:
    name, data = TAKEN[case]
    job, page = await desk.send(name, data)
    assert job.status is billow.Status.COMPLETED, job.failure
    assert "a.annot.vcf" in page
    file = job.files[".annot.vcf"]
    made = b"".join(desk.home.objects.read(file.store, file.key))
    assert made.count(b"\r\n") == (data.count(b"\r\n") and made.count(b"\n"))
    assert made.count(b"\t0/1") == data.count(b"\t0/1")


MEASURE = """
import re, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import billow
from annotator import annotate
try:
    annotate(Path(sys.argv[2]), Path(sys.argv[3]))
except billow.Rejected as refused:
    print(refused.detail)
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print(int(peak[1]) // 1024)
"""


def test_a_line_of_a_gigabyte_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf.gz"
    path.write_bytes(bomb(1024))
    command = [sys.executable, "-c", MEASURE, str(GAS), str(path), str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=100)
    told, peak = done.stdout.splitlines()
    assert "line" in told
    assert int(peak) < 150
