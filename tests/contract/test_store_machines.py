"""Random walks: tables and objects against simple models."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from billow.errors import Conflict
from tests.contract.machine import Machine, walk

KEYS = st.sampled_from(["a", "a/b", "a/c", "b", "ä"])


class TableMachine(Machine):
    """A conditional write happens exactly if the version is the expected one."""

    def __init__(self) -> None:
        super().__init__()
        self.items: dict[str, tuple[dict[str, int], int]] = {}

    @rule(key=KEYS, value=st.integers(), expect=st.sampled_from([None, None, 0, 1, 2, 3]))
    def put(self, key: str, value: int, expect: int | None) -> None:
        version = self.items.get(key, ({}, 0))[1]
        if expect not in (None, version):
            with pytest.raises(Conflict):
                self.home.tables.put("t", key, {"n": value}, expect)
            return
        assert self.home.tables.put("t", key, {"n": value}, expect) == version + 1
        self.items[key] = ({"n": value}, version + 1)

    @rule(key=KEYS, amount=st.integers(-5, 5), name=st.sampled_from(["n", "m"]))
    def add(self, key: str, amount: int, name: str) -> None:
        value, version = self.items.get(key, ({}, 0))
        total = value.get(name, 0) + amount
        assert self.home.tables.add("t", key, name, amount) == total
        self.items[key] = ({**value, name: total}, version + 1)

    @rule(key=KEYS, expect=st.sampled_from([None, None, 0, 1, 2]))
    def delete(self, key: str, expect: int | None) -> None:
        version = self.items.get(key, ({}, 0))[1]
        if expect not in (None, version):
            with pytest.raises(Conflict):
                self.home.tables.delete("t", key, expect)
            return
        assert self.home.tables.delete("t", key, expect) == (key in self.items)
        self.items.pop(key, None)

    @rule(prefix=st.sampled_from(["", "a", "a/"]), after=st.none() | KEYS, limit=st.integers(1, 4))
    def query(self, prefix: str, after: str | None, limit: int) -> None:
        keys = sorted(k for k in self.items if k.startswith(prefix) and k > (after or ""))
        seen = self.home.tables.query("t", prefix, after, limit)
        assert seen == [(key, *self.items[key]) for key in keys[:limit]]

    @invariant()
    def the_table_is_the_model(self) -> None:
        assert self.home.tables.count("t") == len(self.items)
        for key, item in self.items.items():
            assert self.home.tables.get("t", key) == (key, *item)


class ObjectMachine(Machine):
    """Objects are whole, apart from each other, and gone when deleted."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[tuple[str, str], bytes] = {}

    @rule(store=st.sampled_from("st"), key=KEYS, data=st.binary(max_size=20))
    def put(self, store: str, key: str, data: bytes) -> None:
        info = self.home.objects.put(store, [data], key=key).info
        assert info.size == len(data)
        self.objects[store, key] = data

    @rule(data=st.data(), store=st.sampled_from("st"), key=st.none() | KEYS)
    @precondition(lambda self: self.objects)
    def copy(self, data: st.DataObject, store: str, key: str | None) -> None:
        source = data.draw(st.sampled_from(list(self.objects)))
        self.home.objects.copy(*source, store, key)
        self.objects[store, key or source[1]] = self.objects[source]

    @rule(store=st.sampled_from("st"), key=KEYS)
    def delete(self, store: str, key: str) -> None:
        assert self.home.objects.delete(store, key) == ((store, key) in self.objects)
        self.objects.pop((store, key), None)

    @rule()
    def sweep(self) -> None:
        self.home.objects.sweep(-10)

    @invariant()
    def every_object_is_there_and_no_other(self) -> None:
        assert self.home.objects.stores() == sorted({store for store, _ in self.objects})
        for store in "st":
            keys = sorted(key for where, key in self.objects if where == store)
            assert [info.key for info in self.home.objects.list(store)] == keys
        for (store, key), data in self.objects.items():
            assert b"".join(self.home.objects.read(store, key)) == data
            path = self.home.objects.path(store, key)
            assert path is not None
            assert path.read_bytes() == data


@pytest.mark.parametrize("machine", [TableMachine, ObjectMachine])
def test_stores_stay_with_the_model(machine: type[Machine], driver: str) -> None:
    walk(machine, driver)
