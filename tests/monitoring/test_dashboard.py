"""What docs/ asks Prometheus parses, and is of metrics that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from voxpipe.monitoring.prometheus import Prometheus

DOCS = Path(__file__).parents[2] / "docs"
DASHBOARD: dict[str, Any] = json.loads((DOCS / "grafana.json").read_text("utf-8"))
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DOCS / "alerts.yaml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
ASKED: dict[str, str] = {
    f"{panel['title']}: {target['legendFormat']}": target["expr"]
    for panel in DASHBOARD["panels"]
    for target in panel["targets"]
} | {rule["alert"]: rule["expr"] for rule in RULES}
METRIC = re.compile(r"\b((?:voxpipe|process)_\w+)(?:\{([^}]*)\})?")
# Of every target, by Prometheus itself.
OF_PROMETHEUS = {"instance", "job"}


def exported() -> dict[str, set[str]]:
    """The labels of each series, by its name."""
    found: dict[str, set[str]] = {}
    registry = Prometheus().registry
    for each in list(vars(registry)["_collector_to_names"]):
        for family in each.collect():
            own: set[str] = {*getattr(each, "_labelnames", ())}
            suffixes = {
                "counter": ["_total"],
                "histogram": ["_bucket", "_count", "_sum"],
            }.get(family.type, [""])
            for suffix in suffixes:
                labels = own | ({"le"} if suffix == "_bucket" else set[str]())
                found[family.name + suffix] = labels
    return found


EXPORTED = exported()


@pytest.mark.parametrize("name", ASKED)
def test_a_question_parses_and_is_of_what_is_told(name: str) -> None:
    asked = ASKED[name]
    promql_parser.parse(asked.replace("$__rate_interval", "1m"))
    metrics = METRIC.findall(asked)
    assert metrics or "up{" in asked
    for metric, matchers in metrics:
        assert metric in EXPORTED
        matched = {*re.findall(r"(\w+)\s*[=!]", matchers)}
        assert matched <= EXPORTED[metric] | OF_PROMETHEUS
    told = set[str]().union(*(EXPORTED[metric] for metric, _ in metrics))
    grouped = re.findall(r"by \(([^)]*)\)", asked)
    for label in ", ".join(grouped).split(", "):
        assert not label or label in told | OF_PROMETHEUS


def test_every_figure_of_ours_is_shown_and_told_of() -> None:
    page = (DOCS / "monitoring.md").read_text("utf-8")
    in_page = {*re.findall(r"^\| `(voxpipe_\w+)` \|", page, re.M)}
    ours = {
        re.sub("_(bucket|count|sum)$", "", name) for name in EXPORTED if "vox" in name
    }
    assert in_page == ours
    shown = {
        re.sub("_(bucket|count|sum)$", "", metric)
        for asked in ASKED.values()
        for metric, _ in METRIC.findall(asked)
    }
    assert ours <= shown


def test_the_page_tells_the_labels() -> None:
    page = (DOCS / "monitoring.md").read_text("utf-8")
    for name, labels in re.findall(
        r"^\| `(voxpipe_\w+)` \| \w+ \|([^|]*)\|", page, re.M
    ):
        series = f"{name}_count" if f"{name}_count" in EXPORTED else name
        assert {*re.findall(r"`(\w+)`", labels)} == EXPORTED[series], name


def test_every_alert_says_what_to_do() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len({*names})
    for rule in RULES:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["action"]
        shown = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
        told = re.findall(r"by \(([^)]*)\)", rule["expr"])
        assert {*shown} <= {*", ".join(told).split(", ")} | OF_PROMETHEUS


def test_no_two_panels_lie_upon_each_other() -> None:
    places = [
        (panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]
    ]
    assert len({*places}) == len(places)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)
