"""Signatures are those of AWS, byte by byte."""

from __future__ import annotations

import pytest

from billow.flow import sigv4
from billow.ports.uploads import SigningKey

# The key, the date and the first signature are the example in AWS's own documentation; the other
# two were made with botocore 1.44.5.
KEY = SigningKey(
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 0.0, "us-east-1"
)
DATE = "20130524T000000Z"

POLICY = (
    "eyJleHBpcmF0aW9uIjogIjIwMTMtMDUtMjRUMDA6MDU6MDAuMDAwWiIsICJjb25kaXRpb25zIjogW3siYnVja2V0Ijog"
    "ImIifSwgeyJrZXkiOiAiYS9iLnZjZiJ9LCB7IngtYW16LWFsZ29yaXRobSI6ICJBV1M0LUhNQUMtU0hBMjU2In0sIHsi"
    "eC1hbXotY3JlZGVudGlhbCI6ICJBS0lBSU9TRk9ETk43RVhBTVBMRS8yMDEzMDUyNC91cy1lYXN0LTEvczMvYXdzNF9y"
    "ZXF1ZXN0In0sIHsieC1hbXotZGF0ZSI6ICIyMDEzMDUyNFQwMDAwMDBaIn1dfQ=="
)


def query(expires: str, headers: str) -> dict[str, str]:
    return {
        "X-Amz-Algorithm": sigv4.ALGORITHM,
        "X-Amz-Credential": f"{KEY.id}/{sigv4.scope(KEY, DATE)}",
        "X-Amz-Date": DATE,
        "X-Amz-Expires": expires,
        "X-Amz-SignedHeaders": headers,
    }


def test_an_address_to_fetch_from() -> None:
    host = {"host": "examplebucket.s3.amazonaws.com"}
    made = sigv4.url_signature(KEY, DATE, "GET", "/test.txt", query("86400", "host"), host)
    assert made == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"


def test_an_address_of_a_part_with_its_checksum() -> None:
    headers = {"host": "b.s3.amazonaws.com", "x-amz-checksum-sha256": "YWJj/+="}
    asked = query("900", ";".join(headers)) | {"partNumber": "3", "uploadId": "u/1"}
    made = sigv4.url_signature(KEY, DATE, "PUT", "/anna/ä b+c.vcf", asked, headers)
    assert made == "8e7f72f63cd89dfd7d723bf23539fd29401fffd788678549715129da251902e9"


def test_a_policy() -> None:
    made = sigv4.signature(KEY, DATE, POLICY)
    assert made == "baa6e8983640ed43c7f7083f531d517c826b266025efc4d0f19f617cbdc6d2de"


@pytest.mark.parametrize("text", ["", "20130524", "20130524T000000", "20131324T000000Z", "x" * 16])
def test_what_is_no_time(text: str) -> None:
    assert sigv4.read_stamp(text) is None


def test_a_time_comes_back() -> None:
    assert sigv4.read_stamp(sigv4.stamp(1_700_000_000.9)) == 1_700_000_000
