"""GAS as Billow loads it: what it declares, what it answers, and the life of a result."""

import json
import sys
from pathlib import Path

import pytest

import billow
from billow.clock import VirtualClock
from billow.errors import BadInput, NotAccepted
from billow.flow.client import Client
from billow.home import Home
from billow.loading import load_app
from billow.testing import memory_home, run_jobs

GAS = Path(__file__).parents[2] / "apps/gas"
sys.path.insert(0, str(GAS))

APP = load_app(GAS)
FUNCTION = APP.get("annotate")
MT, VIRUS = GAS / "samples/human_mt.vcf", GAS / "samples/sarscov2.vcf.gz"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def home(clock: VirtualClock) -> Home:
    return memory_home(APP, clock)


def finished(home: Home, path: Path, **args: str) -> billow.Job:
    client = Client(home, APP)
    asked = client.send_file("annotate", path, args=args)
    run_jobs(home, APP)
    return client.job(asked.id)


def test_what_the_app_declares() -> None:
    assert (FUNCTION.fleet.min, FUNCTION.fleet.max) == (2, 10)
    assert list(APP.plan_by_name) == ["free", "premium"]
    assert APP.plan_by_name["free"].max_upload == 153_600
    assert FUNCTION.accepts is not None
    FUNCTION.accepts.check("a.vcf")
    FUNCTION.accepts.check("A.VCF.GZ")
    with pytest.raises(NotAccepted):
        FUNCTION.accepts.check("a.bcf")


@pytest.mark.parametrize(("path", "records"), [(MT, 399), (VIRUS, 3000)], ids=["MT", "virus"])
def test_the_samples_are_annotated(home: Home, path: Path, records: int) -> None:
    job = finished(home, path)
    assert job.status is billow.Status.COMPLETED, job.failure
    counts = job.result["value"]
    assert counts["records"] == records
    assert {"missense", "synonymous", "frameshift"} <= set(counts["consequences"])
    stem = path.name.removesuffix(".gz").removesuffix(".vcf")
    assert [file.name for file in job.files.values()] == [
        f"{stem}.annot.vcf",
        f"{stem}.vcf.count.log",
    ]
    file = job.files[".annot.vcf"]
    lines = b"".join(home.objects.read(file.store, file.key)).splitlines()
    assert sum(not line.startswith(b"#") for line in lines) == records


def test_the_topic_hears_of_it(home: Home) -> None:
    job = finished(home, MT)
    [message] = home.queues.peek("job_results")
    told = json.loads(message.body)
    assert told == {"job_id": job.id, "user_id": "local", "job_status": "COMPLETED"}


def test_the_assembly_is_an_argument(home: Home) -> None:
    FUNCTION.check_args({"assembly": "hg38"})
    with pytest.raises(BadInput):
        FUNCTION.check_args({"assembly": "hg18"})
    assert finished(home, MT, assembly="hg38").result["value"]["assembly"] == "hg38"


def test_what_is_no_vcf_is_rejected_and_the_owner_told(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_text("hello\n")
    job = finished(home, path)
    assert job.failure is not None
    assert (job.failure.kind, "not a VCF" in job.failure.message) == ("rejected", True)
    [message] = home.queues.peek("job_results")
    assert json.loads(message.body)["job_status"] == "FAILED"
