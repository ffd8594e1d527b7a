"""Alerts and dashboard of `deploy/`: every metric, label and route that they ask for exists in a running service."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.metrics import MetricWrapperBase

from forms_service import metrics
from tests.support.servers import ROOT

RULES: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus-rules.yaml").read_text())
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana-dashboard.json").read_text())
PAGE = (ROOT / "docs/operations.md").read_text()
METRIC = re.compile(r"\bforms_[a-z_]+")
SELECTOR = re.compile(r"\b(forms_[a-z_]+)\{([^}]*)\}")
GROUPING = re.compile(r"\b(?:by|without) \(([\w, ]+)\)")


def rules() -> list[dict[str, Any]]:
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def expressions() -> Iterator[str]:
    """Every query of rules, dashboard and page."""
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"])
    yield from (span for span in re.findall(r"`([^`\n]+)`", PAGE) if "(" in span and "forms_" in span)


@pytest.fixture(scope="module")
def labels() -> dict[str, set[str]]:
    """Sample name → labels of its metric."""
    names: dict[str, set[str]] = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            extra = {"le"} if family.type == "histogram" else set()
            for suffix in ("", "_total", "_bucket", "_count", "_sum"):
                names[family.name + suffix] = {*metric._labelnames, *extra}
    return names


def test_every_metric_is_exposed(shared_client: FlaskClient) -> None:
    shared_client.get("/health/live")
    exposed = set(re.findall(r"^# TYPE (\S+)", shared_client.get("/metrics").text, re.MULTILINE))
    requested = {name for text in expressions() for name in METRIC.findall(text)}
    assert len(requested) > 15
    assert {name for name in requested if not {name, re.sub(r"_(bucket|count|sum)$", "", name)} & exposed} == set()


def test_every_label_and_route_exists(shared_app: Flask, labels: dict[str, set[str]]) -> None:
    routes = {rule.rule for rule in shared_app.url_map.iter_rules()}
    for text in expressions():
        for name, selector in SELECTOR.findall(text):
            matched = dict(re.findall(r'(\w+)[=!]~?"([^"]*)"', selector))
            assert set(matched) <= labels[name], text
            assert matched.get("route", "/") in routes, text
        grouped = {label.strip() for group in GROUPING.findall(text) for label in group.split(",")}
        known = set().union(*(labels[name] for name in METRIC.findall(text) if name in labels))
        assert grouped <= known, text


def test_every_metric_of_the_service_is_on_the_dashboard(labels: dict[str, set[str]]) -> None:
    shown = {
        name for panel in DASHBOARD["panels"] for target in panel["targets"] for name in METRIC.findall(target["expr"])
    }
    shown |= {name for rule in rules() for name in METRIC.findall(rule["expr"])}
    ours = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]
    families = {family.name for metric in ours for family in metric.describe()}
    assert {name for name in families if not any(used.startswith(name) for used in shown)} == set()


def test_recorded_ratios_are_those_that_are_used() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    used = {name for text in expressions() for name in re.findall(r"\bforms:[\w:]+", text)}
    assert used == recorded


def test_every_alert_says_what_it_means_and_what_to_do() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "action"}, rule["alert"]
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names)) > 15


def test_the_page_lists_every_alert_as_it_is() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \(\w+\) \| `(.+?)`(?: for \w+)? \|", PAGE, re.MULTILINE))
    assert {name: text.replace("&#124;", "|") for name, text in rows.items()} == {
        rule["alert"]: rule["expr"] for rule in alerts()
    }


def test_panels_do_not_overlap() -> None:
    cells = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
