"""Many new rows in few statements, on both engines."""

from pathlib import Path

import pytest
from store_support import opened

from store import wide
from store.base import Db
from store.trouble import DatabaseError

pytestmark = pytest.mark.usefixtures("engine")


def places(db: Db) -> list[str]:
    return [row[0] for row in db.exec_driver_sql("SELECT name FROM place ORDER BY id")]


@pytest.mark.parametrize("count", [0, 1, 2, 899, 900, 901, 2_000])
def test_every_row_is_there_once_and_in_its_order(tmp_path: Path, count: int) -> None:
    """However many there are beside what one statement takes."""
    names = [f"place {n}" for n in range(count)]
    with opened(tmp_path) as store:
        store.write(wide.insert, "place (name)", [(name,) for name in names])
        assert store.read(places) == names


def test_a_row_that_is_there_is_refused_as_the_databases_own_error_and_nothing_is_kept(tmp_path: Path) -> None:
    """So that what is wrong with a database is told from a fault of ours, whichever way the rows go in."""
    with opened(tmp_path) as store:
        with pytest.raises(DatabaseError):
            store.write(wide.insert, "place (name)", [("杭州",), ("上海",), ("杭州",)])
        assert store.read(places) == []
