"""GAS as Billow loads it: what it declares, what it answers, and the life of a result."""

import json
import sys
from pathlib import Path
from typing import Any

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


def heard(home: Home, queue: str) -> list[dict[str, Any]]:
    """What a subscribed queue was told, out of its envelopes."""
    envelopes = [json.loads(message.body) for message in home.queues.peek(queue)]
    assert {each["Type"] for each in envelopes} <= {"Notification"}
    return [json.loads(each["Message"]) for each in envelopes]


def test_a_job_is_written_down_and_published_as_it_goes_on(home: Home, clock: VirtualClock) -> None:
    asked = Client(home, APP).send_file("annotate", MT)
    [pending] = heard(home, "job_requests")
    assert pending == home.tables.get("annotations", asked.id).value  # type: ignore[union-attr]
    assert pending == {
        "job_id": asked.id,
        "user_id": "local",
        "input_file_name": "human_mt.vcf",
        "s3_inputs_bucket": "gas-annotate-uploads",
        "s3_key_input_file": pending["s3_key_input_file"],
        "submit_time": int(clock.now()),
        "job_status": "PENDING",
    }
    assert home.objects.head("gas-annotate-uploads", pending["s3_key_input_file"]) is not None
    clock.advance(5)
    run_jobs(home, APP)
    [done] = heard(home, "job_results")
    item = home.tables.get("annotations", asked.id)
    assert item is not None
    assert done == item.value
    assert done == pending | {
        "job_status": "COMPLETED",
        "complete_time": int(clock.now()),
        "s3_results_bucket": "gas-results",
        "s3_key_result_file": done["s3_key_result_file"],
        "s3_key_log_file": done["s3_key_log_file"],
    }
    for name in ("s3_key_result_file", "s3_key_log_file"):
        assert home.objects.head("gas-results", done[name]) is not None


def status(home: Home, id: str) -> str:
    item = home.tables.get("annotations", id)
    assert item is not None
    found: str = item.value["job_status"]
    return found


@pytest.mark.parametrize("runs", [False, True], ids=["waits", "runs"])
def test_a_cancelled_job_is_told_of_as_such_and_stays_so(
    home: Home, clock: VirtualClock, runs: bool
) -> None:
    asked = Client(home, APP).send_file("annotate", MT)
    if runs:
        [lease] = home.ledger.exchange("annotate", "w", [], 1, 60.0).leases
        assert status(home, lease.id) == "PENDING"
    clock.advance(5)
    home.ledger.cancel(asked.id)
    [told] = heard(home, "job_results")
    assert (told["job_status"], told["complete_time"]) == ("CANCELLED", int(clock.now()))
    assert status(home, asked.id) == "CANCELLED"
    clock.advance(3600)
    run_jobs(home, APP)
    assert status(home, asked.id) == "CANCELLED"
    assert home.ledger.find(function="billow.mail").jobs == []


def test_a_job_that_never_ran_is_told_of_as_failed(home: Home, clock: VirtualClock) -> None:
    client = Client(home, APP)
    asked = client.send_file("annotate", MT)
    store, _, key = str(client.job(asked.id).upload).partition("/")
    home.objects.delete(store, key)
    run_jobs(home, APP)
    clock.advance(5)
    run_jobs(home, APP)
    job = client.job(asked.id)
    assert job.status is billow.Status.FAILED
    [told] = heard(home, "job_results")
    assert told["job_status"] == status(home, asked.id) == "FAILED"


def test_the_annotators_queue_is_subscribed() -> None:
    assert APP.topics_of("gas-annotate") == APP.topics_of("job_requests") == ["job_requests"]


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
    [told] = heard(home, "job_results")
    assert told["job_status"] == "FAILED"
    assert "s3_key_result_file" not in told
