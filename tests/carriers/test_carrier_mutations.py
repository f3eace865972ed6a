"""Whatever a source sends, hypothesis looks for the reply that breaks its adapter: a reading or an OutsideError, always."""

import copy
import json
from typing import Any

from carrier_support import Recorded, each_recorded, reading_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carriers.read_command import report
from domain.errors import OutsideError
from domain.tracking import Failed, Found, NotFound

EXAMPLES = 15
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
TIMES = st.sampled_from(
    [
        "",
        "0000-00-00 00:00:00",
        "2026-02-30 10:00",
        "9999-12-31T23:59:59Z",
        "2026-11-22T25:00:00+08:00",
        "20261122",
        "1e400",
    ]
)
VALUES = st.recursive(
    SCALARS | TIMES,
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3),
    max_leaves=4,
)


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every place of a JSON value: the container and the key or index in it."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [spot for key in keys for spot in [(value, key), *spots(value[key])]]


def mutated(data: st.DataObject, body: bytes) -> bytes:
    """The body with up to three values replaced, dropped, repeated or exchanged, also inside a JSON text."""
    try:
        whole = json.loads(body)
    except ValueError:
        return data.draw(st.binary(max_size=40))
    holder = {"root": copy.deepcopy(whole)}
    for _ in range(data.draw(st.integers(1, 3))):
        found = spots(holder)
        box, key = found[data.draw(st.integers(0, len(found) - 1))]
        _change(data, box, key)
    return json.dumps(holder["root"], ensure_ascii=False).encode("utf-8", "surrogatepass")


def _change(data: st.DataObject, box: Any, key: Any) -> None:
    value = box[key]
    if isinstance(value, str) and value[:1] in {"{", "["} and data.draw(st.booleans()):
        box[key] = mutated(data, value.encode()).decode("utf-8", "replace")
        return
    how = data.draw(st.sampled_from(["replace", "drop", "repeat", "empty"]))
    if how == "drop" and key != "root":
        del box[key]
    elif how == "repeat" and isinstance(box, list):
        box.insert(key, copy.deepcopy(value))
    elif how == "empty" and isinstance(value, dict | list):
        box[key] = type(value)()
    else:
        box[key] = data.draw(VALUES)


@each_recorded()
def test_no_reply_breaks_its_adapter(case: Recorded) -> None:
    """Found, NotFound, or an error of the outside; and its report can be printed."""

    @given(st.data())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def holds(data: st.DataObject) -> None:
        reading = reading_of(case, mutated(data, case.body))
        assert isinstance(reading, Found | NotFound | Failed)
        if isinstance(reading, Failed):
            assert isinstance(reading.error, OutsideError), repr(reading.error)
        json.dumps(report(case.carrier, case.asked["number"], reading, now=case.now))

    holds()
