"""Billow turns a Python function into an elastic, self-operating service.

An author declares an `App` and decorates functions; `billow up app.py` runs it. Everything else
is reached from the names below, or lives in `billow.testing`.
"""

from billow.app import App
from billow.errors import DeclarationError, Error, NotFound, Rejected
from billow.events import Event
from billow.fleet.fixed import Fixed
from billow.fleet.queue import Queue
from billow.fleet.step import StepScaling
from billow.fleet.tracking import TargetTracking
from billow.flow.client import connect
from billow.job import Job, Status
from billow.ops.alarm import Alarm
from billow.ops.page import Page
from billow.ops.rota.rota import Rota
from billow.options import File, Fleet, LaunchTemplate, Limits, Retry
from billow.outputs import Outputs
from billow.plan import Account, Plan
from billow.pool import Web
from billow.units import GiB, KiB, MiB
from billow.upload import Upload

__version__ = "0.1.0"

__all__ = [
    "Account",
    "Alarm",
    "App",
    "DeclarationError",
    "Error",
    "Event",
    "File",
    "Fixed",
    "Fleet",
    "GiB",
    "Job",
    "KiB",
    "LaunchTemplate",
    "Limits",
    "MiB",
    "NotFound",
    "Outputs",
    "Page",
    "Plan",
    "Queue",
    "Rejected",
    "Retry",
    "Rota",
    "Status",
    "StepScaling",
    "TargetTracking",
    "Upload",
    "Web",
    "connect",
]
