"""A function of an app: an ordinary Python function, and what the service needs to know of it."""

from __future__ import annotations

import inspect
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from billow.errors import BadInput, DeclarationError
from billow.events import JOB_EVENTS, Event
from billow.job import Job
from billow.options import File, Fleet, Limits, Retry
from billow.topic import Topic
from billow.upload import Upload

Handler = Callable[[Job], None]

_JSON_NAMES: dict[type, str] = {
    str: "text",
    bool: "true/false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
}
_JSON_TYPES: dict[type, tuple[type, ...]] = {
    str: (str,),
    bool: (bool,),
    int: (int,),
    float: (float, int),
    list: (list,),
    dict: (dict,),
    type(None): (type(None),),
}


class Function:
    """What `@app.function(...)` makes of a function. Calling it calls the function itself.

    Parameters annotated `billow.Upload` and `billow.Job` are supplied by Billow; all others are
    arguments that clients send as JSON.
    """

    def __init__(
        self,
        call: Callable[..., Any],
        *,
        name: str,
        accepts: File | None,
        fleet: Fleet,
        retry: Retry,
        limits: Limits,
        queue: str,
        store: str,
        results: str,
    ) -> None:
        self.call = call
        self.name = name
        self.fleet = fleet
        self.retry = retry
        self.limits = limits
        #: Name of the queue its jobs wait in, and of the store whose new objects become its jobs.
        self.queue = queue
        self.store = store
        #: Name of the store that the files it returns are kept in.
        self.results = results
        #: What its jobs depend on outside; while the breaker of that is open they wait.
        self.calls = ""
        self.handlers: dict[Event, list[Handler]] = {}
        #: The app's topics by name, which `job.publish` knows.
        self.topics: Mapping[str, Topic] = {}
        self.upload_parameter: str | None = None
        self.job_parameter: str | None = None
        self.parameters: dict[str, tuple[type, ...] | None] = {}
        #: The values that a parameter annotated `Literal[...]` may have.
        self.choices: dict[str, tuple[Any, ...]] = {}
        self.required: set[str] = set()
        self._read_signature()
        if accepts is not None and self.upload_parameter is None:
            raise DeclarationError(
                f"{name} declares accepts=... but has no parameter annotated billow.Upload"
            )
        self.accepts = accepts or (File() if self.upload_parameter else None)
        self.__doc__ = call.__doc__
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself, here and now."""
        return self.call(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Function {self.name}>"

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.call) or "").partition("\n")[0]

    def on(self, event: Event) -> Callable[[Handler], Handler]:
        """Declare a handler: called with the job when `event` happens to a job of this function.

        What it asks for by `job.publish` and `job.put` takes effect together with the outcome, all
        or nothing. A handler that raises does not harm the job; it is tried again later.

        A handler of `Event.ACCEPTED` runs wherever jobs are accepted, within that step: it must be
        quick and may publish and put only. If it raises, the job is not accepted. The same holds
        for one of `Event.CANCELLED`.

        Raises:
            DeclarationError: there is no such event.
        """
        if event not in JOB_EVENTS:
            known = ", ".join(JOB_EVENTS)
            raise DeclarationError(
                f"{self.name}.on({event!r}): there is no such event; use {known}"
            )

        def register(handler: Handler) -> Handler:
            self.handlers.setdefault(Event(event), []).append(handler)
            return handler

        return register

    def check_args(self, args: Mapping[str, Any]) -> None:
        """Raises BadInput if `args` do not fit the function; the message names what does."""
        for key, value in args.items():
            self._check_arg(key, value)
        if missing := self.required - args.keys():
            raise BadInput(f"{self.name} needs the argument {min(missing)!r}")

    def _check_arg(self, key: str, value: Any) -> None:
        if key not in self.parameters:
            allowed = ", ".join(sorted(self.parameters)) or "none"
            raise BadInput(
                f"{self.name} has no argument {key!r}; it takes: {allowed}",
                allowed=sorted(self.parameters),
            )
        kinds = self.parameters[key]
        if kinds is not None and not _fits(value, kinds):
            wanted = " or ".join(_json_name(kind) for kind in kinds)
            raise BadInput(
                f"argument {key!r} of {self.name} must be {wanted}, not {_json_name(type(value))}"
            )
        choices = self.choices.get(key, ())
        if choices and value not in choices:
            wanted = ", ".join(map(repr, choices))
            raise BadInput(
                f"argument {key!r} of {self.name} must be one of {wanted}, not {value!r}",
                allowed=list(choices),
            )

    def encode_args(self, args: Mapping[str, Any]) -> str:
        """`args` checked and as JSON text.

        Raises:
            BadInput: they do not fit the function, or JSON cannot say them.
        """
        self.check_args(args)
        try:
            text = _ENCODER.encode(args)
            text.encode()
        except (TypeError, ValueError, RecursionError) as problem:
            raise BadInput(f"arguments of {self.name} must be plain JSON: {problem}") from None
        return text

    def _read_signature(self) -> None:
        try:
            hints = typing.get_type_hints(self.call)
        except NameError as problem:
            raise DeclarationError(
                f"{self.name}: an annotation cannot be read: {problem}"
            ) from None
        for parameter in inspect.signature(self.call).parameters.values():
            self._read_parameter(parameter, hints.get(parameter.name))

    def _read_parameter(self, parameter: inspect.Parameter, hint: Any) -> None:
        name = parameter.name
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise DeclarationError(
                f"{self.name}: parameter {name!r} cannot be given by name; a service needs that"
            )
        if hint is Upload:
            self._need_none(self.upload_parameter, name, "billow.Upload")
            self.upload_parameter = name
        elif hint is Job:
            self._need_none(self.job_parameter, name, "billow.Job")
            self.job_parameter = name
        elif {Upload, Job} & set(typing.get_args(hint)):
            raise DeclarationError(
                f"{self.name}: annotate {name!r} as plain billow.Upload or billow.Job; "
                "both are always supplied"
            )
        else:
            self.parameters[name] = _json_kinds(hint)
            if typing.get_origin(hint) is typing.Literal:
                self.choices[name] = typing.get_args(hint)
            if parameter.default is parameter.empty:
                self.required.add(name)

    def _need_none(self, known: str | None, name: str, kind: str) -> None:
        if known is not None:
            raise DeclarationError(
                f"{self.name}: {known!r} and {name!r} are both annotated {kind}; only one can be"
            )


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _json_kinds(hint: Any) -> tuple[type, ...] | None:
    """The Python types that fit an annotation; None where anything does."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        parts = [_json_kinds(part) for part in typing.get_args(hint)]
        if any(part is None for part in parts):
            return None
        return tuple(kind for part in parts if part is not None for kind in part)
    if origin is typing.Literal:
        return tuple({type(value) for value in typing.get_args(hint)})
    kind: type = origin or hint
    return _JSON_TYPES.get(kind)


def _fits(value: Any, kinds: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, kinds)


def _json_name(kind: type) -> str:
    return _JSON_NAMES.get(kind, "null")
