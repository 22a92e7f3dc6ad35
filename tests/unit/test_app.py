"""What an app may declare."""

from __future__ import annotations

from typing import Any

import pytest

import billow
from billow.app import App
from billow.errors import DeclarationError, NotFound


def read(text: billow.Upload) -> str:
    return text.read_text()


def add(a: int, b: int) -> int:
    return a + b


@pytest.mark.parametrize("name", ["a", "wordfreq", "a-b_c9", "x" * 63])
def test_names_that_are_allowed(name: str) -> None:
    assert repr(App(name)) == f"App({name!r})"


@pytest.mark.parametrize(
    "name", ["", "A", "9a", "-a", "a b", "a/b", "..", "ä", "x" * 64, "a\n", "a.b"]
)
def test_names_that_are_not_allowed(name: str) -> None:
    app = App("demo")
    declarations: list[Any] = [
        lambda: App(name),
        lambda: app.store(name),
        lambda: app.function(name=name or "A")(add),
        lambda: app.function(queue=name or "A")(add),
    ]
    for declare in declarations:
        with pytest.raises(DeclarationError, match="a name is"):
            declare()
    assert app.functions == {}


def test_default_names_begin_with_the_apps() -> None:
    app = App("demo")

    @app.function()
    def top_words(text: billow.Upload) -> None: ...

    assert app.functions == {"top_words": top_words}
    assert (top_words.queue, top_words.store) == ("demo-top-words", "demo-top-words-uploads")
    assert app.get("top_words") is top_words


def test_an_unknown_function_is_not_found_and_the_known_are_named() -> None:
    app = App("demo")
    with pytest.raises(NotFound, match="none"):
        app.get("x")
    app.function()(add)
    app.function()(read)
    with pytest.raises(NotFound, match="add, read"):
        app.get("x")


def test_a_function_cannot_be_declared_twice() -> None:
    app = App("demo")
    first = app.function()(add)
    with pytest.raises(DeclarationError, match="twice"):
        app.function()(add)
    assert app.get("add") is first


def test_queues_and_fed_stores_belong_to_one_function() -> None:
    app = App("demo")
    store = app.store("uploads")
    app.function(name="one", queue="q", store=store)(read)
    with pytest.raises(DeclarationError, match="'q' already belongs to 'one'"):
        app.function(name="two", queue="q")(add)
    with pytest.raises(DeclarationError, match="already feeds 'one'"):
        app.function(name="three", store=store)(read)
    assert set(app.functions) == {"one"}


def test_a_lambda_needs_a_name() -> None:
    with pytest.raises(DeclarationError):
        App("demo").function()(lambda: None)


def test_a_store_is_declared_once() -> None:
    app = App("demo")
    assert app.store("s") is app.store("s")
    assert set(app.stores) == {"s"}


def test_limits_are_the_templates_unless_given() -> None:
    app = App("demo")
    template = billow.LaunchTemplate(limits=billow.Limits(time="9 s"))
    fleet = billow.Fleet(template=template)
    assert app.function(name="a", fleet=fleet)(add).limits.time == "9 s"
    own = billow.Limits(time="1 s")
    assert app.function(name="b", fleet=fleet, limits=own)(add).limits is own


def test_uploads_enter_where_the_copies_begin() -> None:
    app = App("demo")
    first, second, third = app.store("first"), app.store("second"), app.store("third")
    first.copy_to(second)
    second.copy_to(third)
    assert app.entry_store(app.function(store=third)(read)) == "first"
    assert app.entry_store(app.function(name="other")(read)) == "demo-other-uploads"


def test_stores_that_copy_to_each_other_in_a_circle_are_refused() -> None:
    app = App("demo")
    a, b, c = app.store("a"), app.store("b"), app.store("c")
    a.copy_to(b)
    b.copy_to(c)
    for source, target in [(a, a), (b, a), (c, a), (c, b)]:
        with pytest.raises(DeclarationError, match="circle"):
            source.copy_to(target)
    assert (a.copies, b.copies, c.copies) == (["b"], ["c"], [])


def test_a_copy_declared_twice_is_one_copy() -> None:
    app = App("demo")
    a, b, c = app.store("a"), app.store("b"), app.store("c")
    a.copy_to(b)
    a.copy_to(b)
    a.copy_to(c)
    assert a.copies == ["b", "c"]
