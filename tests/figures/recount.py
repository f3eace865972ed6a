"""The figures counted a second time, from the log alone: plain SQL and plain loops, nothing of the house is imported.

Each figure is what config/texts/figures says that it is. Its results are compared with the house's own.
"""

import json
import sqlite3
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

SHARES = {
    "promise_kept", "reopened", "precision", "load_off", "load_inside", "recovered", "on_time", "tracking_gap", "pickup_on_time",
    "pickup_first_try", "pickup_no_show", "pickup_cost", "warehouse_in_line",
}  # fmt: skip
TEN_THOUSANDTHS = {"lost", "false_signed", "cases"}
SUMS = {"claims_lost", "money_lost"}
TAGS = ("kind", "carrier", "shop", "person", "collector", "depot", "currency")


class Count:
    """Every (second, value, weight, tags) of every figure."""

    def __init__(self, path: Path, now: datetime) -> None:
        self.db = sqlite3.connect(path)
        self.db.row_factory = sqlite3.Row
        self.now = int(now.timestamp())
        self.found: dict[str, list[tuple[int, float, float, dict[str, str]]]] = defaultdict(list)
        self.histories: dict[tuple[str, str], list[sqlite3.Row]] = defaultdict(list)
        for row in self.db.execute("SELECT * FROM fact ORDER BY id"):
            self.histories[row["subject_type"], row["subject_id"]].append(row)
        self.shipments = {row["id"]: row for row in self.db.execute("SELECT * FROM shipment WHERE leg = 'out'")}
        self.shops = {row["ref"]: row["shop"] for row in self.db.execute("SELECT ref, shop FROM orders")}
        self.troubles: dict[int, list[str]] = defaultdict(list)
        self.cases()
        self.load()
        self.parcels()
        self.pickups()
        self.warehouse()
        self.money()

    def note(self, figure: str, at: int, value: float, weight: float = 1.0, **tags: str) -> None:
        self.found[figure].append((at, value, weight, tags))

    # --- cases

    def cases(self) -> None:
        self.about: dict[int, tuple[dict[str, str], int]] = {}
        for (kind_of_subject, case_id), facts in self.histories.items():
            if kind_of_subject != "case":
                continue
            first = json.loads(facts[0]["data"])
            mine = self.shipments_of(first["subject_type"], first["subject_id"])
            refs = [first["subject_id"]] if first["subject_type"] == "order" else []
            refs += [self.shipments[one]["order_ref"] for one in mine] + [first.get("order_ref")]
            shop = next((self.shops[ref] for ref in refs if ref in self.shops), "")
            carrier = self.shipments[mine[0]]["carrier"] if mine else ""
            tags = {"kind": first["kind"], "carrier": carrier, "shop": shop}
            self.about[int(case_id)] = (tags, facts[0]["at"])
            self.case(facts, tags)
            judged = [json.loads(f["data"]).get("verdict") for f in facts if f["event"] == "resolved"]
            words = [f["words"] for f in facts if f["event"] == "resolved"]
            if not judged or (judged[-1] != "false_alarm" and words[-1] != "closed.false_alarm"):
                for one in mine:
                    self.troubles[one].append(first["kind"])

    def shipments_of(self, subject_type: str, subject_id: str) -> list[int]:
        if subject_type == "shipment":
            return [int(subject_id)] if int(subject_id) in self.shipments else []
        if subject_type == "order":
            return sorted(i for i, row in self.shipments.items() if row["order_ref"] == subject_id)
        return []

    def case(self, facts: list[sqlite3.Row], tags: dict[str, str]) -> None:
        opened = closed = None
        told: list[int] = []
        taken = False
        asked = None
        promises: list[list[int]] = []
        for n, fact in enumerate(facts):
            event, at, by, data = fact["event"], fact["at"], fact["by"], json.loads(fact["data"])
            if event in ("opened", "reopened"):
                opened, closed, told, taken = at, None, [], False
                if data.get("promise_by"):
                    promises.append([at, int(datetime.fromisoformat(data["promise_by"]).timestamp())])
            if event == "customer_told":
                if not told:
                    self.note("first_response", opened, at - opened, **tags)
                told.append(at)
            if event in ("acknowledged", "assigned") and by and not taken:
                taken = True
                self.note("acknowledged", opened, at - opened, **tags, person=by)
            if event == "carrier_contacted":
                asked = at if asked is None else asked
            if event == "carrier_answered" and asked is not None:
                self.note("carrier_answer", asked, at - asked, **tags)
                asked = None
            if event in ("resolved", "cleared") and closed is None:
                closed = at
                marks = [opened, *[t for t in told if t < at], at]
                self.note("progress_gap", at, max(b - a for a, b in pairwise(marks)), **tags)
            if event == "resolved" and by:
                false_alarm = data.get("verdict") == "false_alarm" or fact["words"] == "closed.false_alarm"
                self.note("precision", at, 0.0 if false_alarm else 1.0, **tags)
                later = [
                    f["event"] for f in facts[n + 1 :] if f["event"] in ("resolved", "cleared", "opened", "reopened")
                ]
                self.note("reopened", at, 1.0 if later[:1] == ["reopened"] else 0.0, **tags)
        for given, due in promises:
            kept = self.kept(facts, given, due)
            if kept is not None:
                self.note("promise_kept", due, float(kept), **tags)

    def kept(self, facts: list[sqlite3.Row], given: int, due: int) -> bool | None:
        """True: a person's outcome or dated next step in time; None: void, or nobody has looked at the clock yet."""
        failed = {json.loads(f["data"]).get("letter"): f["at"] for f in facts if f["event"] == "message_failed"}
        late = False
        for fact in facts:
            at, data = fact["at"], json.loads(fact["data"])
            if at < given or (at == given and fact["event"] in ("opened", "reopened")):
                continue
            next_at = data.get("next_at") if data.get("told") == "next_step" else None
            dated = bool(next_at) and datetime.fromisoformat(next_at).timestamp() > at
            if fact["event"] == "customer_told" and fact["by"] and (data.get("told") == "outcome" or dated):
                if data.get("letter") not in failed:
                    return at <= due
                late = late or failed[data["letter"]] > due  # it never arrived, and nothing came in time after it
            false_alarm = data.get("verdict") == "false_alarm" or fact["words"] == "closed.false_alarm"
            if fact["event"] == "cleared" or (fact["event"] == "resolved" and false_alarm):
                return None if at <= due and not late else False
            late = late or (fact["event"] == "breached" and at >= due)
        return False if late else None

    def load(self) -> None:
        opened = [
            facts[0]["at"] for (kind_of_subject, _), facts in self.histories.items()
            if kind_of_subject == "case" and self.told_alone(facts)
        ]  # fmt: skip
        for (kind_of_subject, _), facts in self.histories.items():
            if kind_of_subject != "load":
                continue
            said = json.loads(facts[0]["data"])
            begin, end = (int(datetime.fromisoformat(said[name]).timestamp()) for name in ("begin", "end"))
            came = sum(begin <= at < end for at in opened)
            if end <= self.now:
                self.note("load_off", begin, abs(came - said["expected"]), came)
                self.note("load_inside", begin, float(said["low"] <= came <= said["high"]))

    def told_alone(self, facts: list[sqlite3.Row]) -> bool:
        """Not as a member of an incident, whose message is one for all."""
        moves = [f["event"] for f in facts if f["event"] in ("member_joined", "member_left")]
        return moves[-1:] != ["member_joined"]

    # --- parcels

    def parcels(self) -> None:
        parcels: dict[int, list[sqlite3.Row]] = defaultdict(list)
        for row in self.db.execute("SELECT * FROM parcel WHERE leg = 'out'"):
            parcels[row["shipment_id"]].append(row)
        for one, row in self.shipments.items():
            if one not in parcels:
                continue
            tags = {"carrier": row["carrier"], "shop": self.shops.get(row["order_ref"], "")}
            done = all(p["delivered"] == "yes" for p in parcels[one])
            delivered = max((p["delivered_at"] or 0 for p in parcels[one]), default=0) if done else 0
            kinds = self.troubles[one]
            if row["promised_at"] and row["promised_at"] <= self.now:
                self.note(
                    "on_time", row["promised_at"], float(bool(delivered) and delivered <= row["promised_at"]), **tags
                )
            if delivered:
                wrong = "misdelivered" in kinds or "disputed" in kinds
                self.note("false_signed", delivered, float(wrong), **tags)
            self.note("lost", row["created_at"], float("lost" in kinds), **tags)
            self.note(
                "tracking_gap", row["created_at"], float("stalled" in kinds or "never_collected" in kinds), **tags
            )
            self.note("cases", row["created_at"], float(len(kinds)), **tags)

    # --- pickups, the warehouse and money

    def pickups(self) -> None:
        routes = {row["id"]: row for row in self.db.execute("SELECT * FROM route")}
        slots = {row["ref"]: row["slot_to"] for row in self.db.execute("SELECT * FROM returns")}
        seen: set[str] = set()
        collected: dict[str, int] = defaultdict(int)
        for stop in self.db.execute("SELECT * FROM stop WHERE ended_at IS NOT NULL ORDER BY ended_at, id"):
            got = stop["status"] in ("collected", "partly_collected")
            collected[stop["route_id"]] += got
            if stop["status"] == "unplanned":
                continue  # a re-plan gave it to another route: nobody was to come
            if stop["status"] != "cancelled":
                self.visit(stop, routes[stop["route_id"]]["collector"], slots[stop["return_ref"]], got, seen)
            seen.add(stop["return_ref"])
        for route in routes.values():
            if route["status"] == "done":
                cost = (route["depart_at"], route["cost_cents"], collected[route["id"]])
                self.note("pickup_cost", *cost, collector=route["collector"])

    def visit(self, stop: sqlite3.Row, collector: str, slot_to: int | None, got: bool, seen: set[str]) -> None:
        at = stop["ended_at"]
        if slot_to:
            in_time = stop["arrived_at"] is not None and stop["arrived_at"] <= slot_to
            self.note("pickup_on_time", at, float(in_time), collector=collector)
        if stop["return_ref"] not in seen:
            self.note("pickup_first_try", at, float(got), collector=collector)
        self.note("pickup_no_show", at, float(not got and stop["fault"] == "courier"), collector=collector)

    def warehouse(self) -> None:
        goes_to = {row["ref"]: row for row in self.db.execute("SELECT * FROM returns")}
        for (kind_of_subject, ref), facts in self.histories.items():
            came = None
            for fact in facts if kind_of_subject == "return" else []:
                if fact["event"] in ("checked_in", "checkin_undone"):
                    came = fact["at"] if fact["event"] == "checked_in" else None
            if came is None:
                continue
            tags = {"depot": goes_to[ref]["depot"], "shop": self.shops[goes_to[ref]["order_ref"]]}
            looked = [fact for fact in facts if fact["event"] == "inspected"]
            self.note("warehouse_in_line", came + 6_000, float(any(f["at"] <= came + 6_000 for f in looked)), **tags)
            for fact in looked[:1]:
                self.note("warehouse_time", fact["at"], fact["at"] - came, **tags, person=fact["by"] or "")

    def money(self) -> None:
        of_return: dict[str, list[sqlite3.Row]] = defaultdict(list)
        for row in self.db.execute("SELECT * FROM instruction"):
            if row["return_ref"]:
                of_return[row["return_ref"]].append(row)
            if row["case_id"]:
                tags, opened = self.about[row["case_id"]]
                self.note("money_lost", row["written_at"], row["amount_cents"], **tags, currency=row["currency"])
                if row["kind"] == "reship":
                    self.note(
                        "reship_time", row["written_at"], row["written_at"] - opened, **tags, currency=row["currency"]
                    )
        for claim in self.db.execute("SELECT * FROM claim"):
            answered = claim["state"] in ("paid", "partly", "denied", "written_off")
            if claim["filed_at"] and claim["claimed_cents"] and answered:
                money = (claim["filed_at"], claim["recovered_cents"], claim["claimed_cents"])
                self.note("recovered", *money, carrier=claim["carrier"], currency=claim["currency"])
            for fact in self.histories["claim", str(claim["id"])]:
                if fact["event"] == "lapsed":
                    self.note("claims_lost", fact["at"], 1.0, carrier=claim["carrier"])
        for ref, rows in of_return.items():
            got = [f["at"] for f in self.histories["return", ref] if f["event"] in ("collected", "partly_collected")]
            if got and all(row["confirmed_at"] for row in rows):
                at = max(row["confirmed_at"] for row in rows)
                self.note("refund_time", at, at - got[0], shop=self.shops[rows[0]["order_ref"]])


def told(figure: str, samples: list[tuple[int, float, float, dict[str, str]]]) -> tuple[float | None, int]:
    if not samples:
        return None, 0
    values, weights = [s[1] for s in samples], sum(s[2] for s in samples)
    if figure in SHARES | TEN_THOUSANDTHS:
        times = 10_000 if figure in TEN_THOUSANDTHS else 1
        return (times * sum(values) / weights if weights else None), len(values)
    return (sum(values) if figure in SUMS else median(values)), len(values)


def recount(
    path: Path, *, since: datetime, until: datetime, now: datetime, zone: str, days: int, figures: list[str]
) -> dict[tuple[str, str, str, str], tuple[float | None, int]]:
    """(figure, by, about, period) to value and size; ``days`` is the length of a period."""
    count = Count(path, now)
    rows: dict[tuple[str, str, str, str], tuple[float | None, int]] = {}
    for figure in figures:
        kept = [
            s for s in count.found[figure] if since.timestamp() <= s[0] <= now.timestamp() and s[0] < until.timestamp()
        ]
        rows[figure, "", "", ""] = told(figure, kept)
        start = since.astimezone(ZoneInfo(zone)).date()
        while start <= (until - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date():
            end = start + timedelta(days=days)
            inside = [
                s for s in kept if start <= datetime.fromtimestamp(s[0], UTC).astimezone(ZoneInfo(zone)).date() < end
            ]
            rows[figure, "week" if days == 7 else "day", "", start.isoformat()] = told(figure, inside)
            start = end
        for tag in TAGS:
            for about in sorted({s[3].get(tag, "") for s in kept} - {""}):
                rows[figure, tag, about, ""] = told(figure, [s for s in kept if s[3].get(tag) == about])
    return rows
