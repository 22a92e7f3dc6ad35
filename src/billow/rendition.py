"""A rendition: what a function makes of an original, at an address, made once and then kept."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias, get_args
from urllib.parse import urlencode

from billow.errors import DeclarationError, NotFound
from billow.function import Function
from billow.options import Fleet, Limits, Retry
from billow.units import Duration, MiB, seconds

#: Who may ask: anybody, or whoever is logged in. What they get is for `allow` to decide.
Who: TypeAlias = Literal["anybody", "user"]

#: The address's ending, or a format's name, and what it is called in HTTP.
TYPES: Mapping[str, str] = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
    "gif": "image/gif",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "txt": "text/plain; charset=utf-8",
    "json": "application/json",
    "bin": "application/octet-stream",
}

#: What one rendering may use unless told otherwise.
LIMITS = Limits(time="20 s", memory=512 * MiB, cpu="15 s")

_PART = re.compile(r"\{(\w+)(?::(int|str))?\}")
_KINDS = {"int": "(0|[1-9][0-9]{0,17})", "str": "([A-Za-z0-9_-]{1,64})"}

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Asked(NamedTuple):
    """Who asks for a rendition, and how: what `allow` decides by."""

    #: The account's id; "local" where there are no accounts, "" for somebody who is not known.
    owner: str
    #: What the browser's cookies hold, by name.
    cookies: Mapping[str, str] = _NOTHING
    #: The request's headers, their names in lower case.
    headers: Mapping[str, str] = _NOTHING
    #: What follows the question mark of the address, by name.
    query: Mapping[str, str] = _NOTHING


#: Called with who asks, the original's number and, by name, what else the address says. It returns
#: the arguments that the address does not say, or None if that one may not have this.
Allow: TypeAlias = Callable[..., Any]


class Wanted(NamedTuple):
    """One rendition of one original: what the function is called with, and where it is kept."""

    collection: str
    rendition: str
    id: int
    params: Mapping[str, Any]
    #: One of the rendition's formats; "" if it has just one.
    format: str
    #: The file's name, of which no other content will ever have the same.
    name: str
    #: What it is in HTTP.
    type: str


@dataclass(frozen=True, slots=True)
class Terms:
    """The options of a rendition; `Collection.rendition` says what they mean."""

    allow: Allow | None = None
    values: Mapping[str, Container[Any]] = field(default_factory=dict)
    formats: tuple[str, ...] = ()
    who: Who = "user"
    give_up_after: Duration = "60 s"
    limits: Limits = LIMITS
    salt: str | None = None
    warm: Callable[[int], Iterable[Mapping[str, Any]]] | None = None


class Rendition:
    """Made by `@collection.rendition(...)`. Calling it calls the function itself."""

    def __init__(self, call: Callable[..., Any], collection: str, path: str, terms: Terms) -> None:
        self.call = call
        self.collection = collection
        self.name = call.__name__
        self.path = path
        self.allow = terms.allow
        self.values = terms.values
        self.formats = terms.formats
        #: Seconds that somebody waits for it at most.
        self.give_up_after = seconds(terms.give_up_after)
        #: Whether `allow` is a coroutine function, which runs in the event loop.
        self.waits = inspect.iscoroutinefunction(terms.allow)
        self.limits = terms.limits
        self.who: Who = terms.who
        self.warm = terms.warm
        self._salt = terms.salt
        self._base: Rendition | None = None
        self._when: Callable[..., bool] = _never
        self._told = f"rendition {path!r}"
        self.parts = [(part, kind or "str") for part, kind in _PART.findall(path)]
        self.function = Function(
            call,
            name=self.name,
            accepts=None,
            fleet=Fleet(),
            retry=Retry(),
            limits=self.limits,
            queue=self.name,
            store=collection,
            results=collection,
        )
        self._check()
        self.pattern = re.compile(_regex(path), re.ASCII)
        self.__doc__ = call.__doc__
        self.__name__ = self.name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself, here and now."""
        return self.call(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Rendition {self.collection}/{self.name}>"

    def base(self, other: Rendition, *, when: Callable[..., bool]) -> None:
        """Give the function another rendition in place of the original, where that is enough.

        Such as one of half the size, made once, from which the smaller ones are made faster.

        Args:
            other: of the same collection; its address says the number and nothing else.
            when: called with this one's arguments by name; whether `other` will do.

        Raises:
            DeclarationError: it cannot be made without knowing more, or of what it is itself for.
        """
        plain = other.collection == self.collection and not other.function.parameters
        if not plain or other is self or other._base is not None:
            raise DeclarationError(
                f"{self._told}: its base must be another of the same collection, have no "
                "parameter but the original, and no base itself"
            )
        self._base, self._when = other, when

    def base_for(self, params: Mapping[str, Any]) -> Rendition | None:
        """What is given to the function in place of the original, if anything is."""
        return self._base if self._base is not None and self._when(**params) else None

    def url(self, id: int, **params: Any) -> str:
        """The address of a rendition, for pages to link to.

        It ends in a version that changes with whatever the rendition is made from, so browsers
        may keep what they got for as long as they like.

        Args:
            id: the original's number.
            params: all arguments, those that `allow` returns included.

        Raises:
            BadInput: they do not fit the function.
            NotFound: a value is not among those that are allowed.
        """
        said = {part: params[part] for part, _ in self.parts if part != "id"}
        self.check_values(said)
        version = self.wanted(id, params, self.formats[0] if self.formats else "").name
        digest = version.rsplit(".", 2)[1][:8]
        address = _PART.sub(lambda found: str({**said, "id": id}[found[1]]), self.path)
        return f"{address}?{urlencode({'v': digest})}"

    def read(self, path: str) -> dict[str, Any] | None:
        """What an address says, `id` included; None if it is not one of this rendition's.

        Raises:
            NotFound: a value is not among those that are allowed.
        """
        said = self.parse(path)
        if said is not None:
            self.check_values(said)
        return said

    def parse(self, path: str) -> dict[str, Any] | None:
        """The same, whether or not the values are allowed."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        pairs = zip(self.parts, found.groups(), strict=True)
        return {part: int(text) if kind == "int" else text for (part, kind), text in pairs}

    def check_values(self, said: Mapping[str, Any]) -> None:
        """Raises NotFound if a value is not among those that are allowed."""
        for part, value in said.items():
            allowed = self.values.get(part)
            if allowed is not None and value not in allowed:
                raise NotFound(f"{part} {value!r} is not offered; there are: {_shown(allowed)}")

    def wanted(self, id: int, params: Mapping[str, Any], format: str = "") -> Wanted:
        """What these arguments ask for.

        Raises:
            BadInput: they do not fit the function.
        """
        args = self.function.encode_args({**params, **({"format": format} if format else {})})
        base = self.base_for(params)
        code = [self.salt, self.name] + ([base.salt, base.name] if base else [])
        stamp = json.dumps([code, id, json.loads(args)], sort_keys=True)
        digest = hashlib.sha256(stamp.encode()).hexdigest()[:20]
        said = [str(params[part]) for part, _ in self.parts if part != "id"]
        ending = format or self.ending
        name = ".".join([self.name, *said, digest, ending])
        kind = TYPES[ending]
        return Wanted(self.collection, self.name, id, dict(params), format, name, kind)

    def arguments(self, wanted: Wanted, upload: Any) -> dict[str, Any]:
        """What the function is called with, to make this of that."""
        more = {"format": wanted.format} if wanted.format else {}
        return {**wanted.params, **more, str(self.function.upload_parameter): upload}

    def early(self, id: int) -> Iterator[Wanted]:
        """What `warm` names of an original: in the format that it says, or in all there are."""
        for params in self.warm(id) if self.warm is not None else ():
            said = dict(params)
            chosen = said.pop("format", "")
            for format_ in [chosen] if chosen else (self.formats or ("",)):
                yield self.wanted(id, said, format_)

    def best_format(self, accept: str) -> str:
        """The first of the formats that an Accept header names; else the last, which all take.

        "" if there is just one format.
        """
        if not self.formats:
            return ""
        named = _named(accept)
        return next((each for each in self.formats if TYPES[each] in named), self.last_format)

    @property
    def ending(self) -> str:
        """What follows the last dot of the address."""
        return self.path.rpartition(".")[2].lower()

    @cached_property
    def salt(self) -> str:
        """Names the code: as declared, or the digest of the file that the function stands in."""
        return self.loaded if self._salt is None else self._salt

    @cached_property
    def loaded(self) -> str:
        """The digest of the code that was loaded; read when the app is loaded."""
        return self.code()

    def code(self) -> str:
        """The digest of the file that the function stands in, as it is now."""
        return hashlib.sha256(self.source.read_bytes()).hexdigest() if self.source else ""

    @cached_property
    def source(self) -> Path | None:
        """The file that the function stands in, if it stands in one."""
        source = inspect.getsourcefile(self.call)
        return Path(source) if source else None

    @property
    def last_format(self) -> str:
        """The format for those who say nothing; "" if there is just one."""
        return self.formats[-1] if self.formats else ""

    def _check(self) -> None:
        names = [part for part, _ in self.parts]
        if ("id", "int") not in self.parts or len(set(names)) < len(names):
            raise DeclarationError(f"{self._told}: it needs {{id:int}}, and each part only once")
        if not self.path.startswith("/") or self.path.count("{") != len(self.parts):
            raise DeclarationError(f"{self._told}: parts are {{name:int}} or {{name:str}}")
        if self.function.upload_parameter is None or self.function.job_parameter is not None:
            raise DeclarationError(f"{self._told}: it needs a parameter billow.Upload, and no Job")
        if self.who not in get_args(Who):
            raise DeclarationError(f"{self._told}: who= is one of {', '.join(get_args(Who))}")
        self._check_types()
        self._check_parts(set(names) - {"id"})

    def _check_types(self) -> None:
        known = ", ".join(TYPES)
        if self.ending not in TYPES or not set(self.formats) <= set(TYPES):
            raise DeclarationError(f"{self._told}: endings and formats are some of: {known}")
        if bool(self.formats) != ("format" in self.function.parameters):
            raise DeclarationError(
                f"{self._told}: with formats=... the function has a parameter `format`, else none"
            )

    def _check_parts(self, names: set[str]) -> None:
        choices = self.function.choices
        self.values = {**choices, **self.values}
        for part in names:
            if part not in self.function.parameters:
                raise DeclarationError(f"{self._told}: the function has no parameter {part!r}")
            if part not in self.values and self.allow is None:
                raise DeclarationError(
                    f"{self._told}: say which values {part!r} may have, by values={{...}} or "
                    "allow=..., as everybody could fill the cache otherwise"
                )


def _never(**_: Any) -> bool:
    return False


def _regex(path: str) -> str:
    pieces, at = [], 0
    for found in _PART.finditer(path):
        pieces += [re.escape(path[at : found.start()]), _KINDS[found[2] or "str"]]
        at = found.end()
    return "".join([*pieces, re.escape(path[at:])])


@lru_cache(256)
def _named(accept: str) -> frozenset[str]:
    """The types that an Accept header names."""
    return frozenset(part.partition(";")[0].strip() for part in accept.lower().split(","))


def _shown(allowed: Container[Any]) -> str:
    if isinstance(allowed, range):
        return f"{allowed[0]} to {allowed[-1]}" if allowed else "none"
    return ", ".join(map(str, allowed)) if isinstance(allowed, Iterable) else "others"
