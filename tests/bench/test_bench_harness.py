"""The benchmark harness: turns, ratios, and what is kept between runs. No figure of any bench is asserted here."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.__main__ import BENCHES, comparisons, main, one
from bench.harness import Comparison, Run, Side, ratios, take
from bench.keeping import Keeping
from bench.table import table

MACHINE: dict[str, object] = {"cpu": "abacus", "cores": 2}


def counting(turns: list[str], name: str = "count", runs: int = 3) -> Comparison:
    @contextmanager
    def sides() -> Iterator[Mapping[str, Side]]:
        def side(label: str, figure: float) -> Side:
            def run() -> Run:
                turns.append(label)
                return Run(figure * len(turns))

            return run

        yield {"slow": side("slow", 1), "quick": side("quick", 10)}

    return Comparison(name, "things/s", "slow", sides, runs=runs)


def test_sides_take_turns_and_another_one_begins_each_round() -> None:
    turns: list[str] = []
    taken = take(counting(turns))
    assert turns == ["slow", "quick", "quick", "slow", "slow", "quick"]
    assert taken.figures == {"slow": [1, 4, 5], "quick": [20, 30, 60]}


def test_a_ratio_pairs_the_figures_of_one_round() -> None:
    assert ratios({"slow": [1, 4, 5], "quick": [20, 30, 60]}, "quick", "slow") == [20, 7.5, 12]


def test_what_is_kept_for_this_code_and_machine_is_not_measured_again(tmp_path: Path) -> None:
    turns: list[str] = []
    keeping = Keeping(tmp_path, "abc", MACHINE)
    first = one("toy", counting(turns), keeping, again=False)
    second = one("toy", counting(turns), keeping, again=False)
    assert len(turns) == 6
    assert first[-2:] == second[-2:]
    assert "measured" in second[1]


def test_again_another_version_and_another_machine_are_measured(tmp_path: Path) -> None:
    turns: list[str] = []
    for version, machine, again in (
        ("abc", MACHINE, False),
        ("abc", MACHINE, True),
        ("def", MACHINE, False),
        ("def", {}, False),
    ):
        one("toy", counting(turns), Keeping(tmp_path, version, machine), again=again)
    assert len(turns) == 4 * 6


def test_a_line_cut_short_by_a_killed_run_is_measured_again(tmp_path: Path) -> None:
    turns: list[str] = []
    keeping = Keeping(tmp_path, "abc", MACHINE)
    one("toy", counting(turns), keeping, again=False)
    file = tmp_path / "toy.jsonl"
    file.write_text(file.read_text()[:-40])
    one("toy", counting(turns), keeping, again=False)
    assert len(turns) == 12
    assert keeping.find("toy", "count") is not None


def test_the_table_names_the_baseline_and_the_remarks(tmp_path: Path) -> None:
    @contextmanager
    def sides() -> Iterator[Mapping[str, Side]]:
        yield {"best known": lambda: Run(100.0), "engine": lambda: Run(150.0, remark="2 stops not served")}

    keeping = Keeping(tmp_path, "abc", MACHINE)
    comparison = Comparison("day", "cost", "best known", sides, runs=1)
    text = "\n".join(table(keeping.add("toy", comparison, take(comparison)), kept=False))
    assert "baseline" in text
    assert "1.500" in text
    assert "50.00 %" in text
    assert "! engine: 2 stops not served" in text


def test_every_bench_lists_comparisons_with_a_baseline_and_names_of_their_own() -> None:
    """Nothing is set up by listing them."""
    for bench in BENCHES:
        assert all(comparison.baseline for comparison in comparisons(bench))


def test_an_unknown_bench_is_named_and_nothing_is_measured(tmp_path: Path, capsys) -> None:
    assert main(["nosuch", "--results", str(tmp_path)]) == 2
    assert "nosuch" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
