"""Figures of a run: as a textfile, pushed, in CloudWatch's format, and what alerts make of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

import pytest

from scaler.cli.main import main
from scaler.metrics.exposition import exposition
from scaler.metrics.interface import GAUGES, LEFT_ALONE, SHORTFALL, Sample
from tests.pipeline.conftest import END, web_demand, write_csv
from tests.sources.real_prometheus import Prometheus, require_prometheus
from tests.standins.forge import Asked, Forge

EXAMPLES = Path(__file__).parents[2] / "examples"
RULES = EXAMPLES / "prometheus" / "scaler.rules.yml"
CONFIG = """\
version: 1
defaults:
  forecast: {model: seasonal_naive}
  prices: {as_of: 2026-11-01, usd_per_hour: {m7i.large: {on_demand: 0.1, spot: 0.04}}}
workloads:
  shop:
    target: {asg: shop}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity: {throughput: {m7i.large: 100/s}}
    limits: {min: 1, max: 20}
    live: {min_size: 2, max_size: 20, desired_size: 4}
"""


@pytest.fixture
def project(tmp_path):
    """Write a project with these metrics; gives the arguments that plan it."""

    def make(metrics: str, *more: str) -> list[str]:
        write_csv(tmp_path / "history.csv", "shop", *web_demand())
        (tmp_path / "scaler.yaml").write_text(f"{CONFIG}metrics: {metrics}\n")
        (tmp_path / "prom").mkdir(exist_ok=True)
        return ["plan", "--config", str(tmp_path / "scaler.yaml"), "--as-of", END.isoformat(), *more]

    return make


def values(text: str) -> dict[str, float]:
    """Value by name and labels."""
    pairs = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in pairs}


def test_the_textfile_has_the_figures_of_the_plan(project, tmp_path, capsys):
    """Each figure is that of the plan document, by workload; what is unknown is absent, not zero."""
    assert main([*project("{textfile: prom, project: web}"), "--format", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)["workloads"][0]
    assert [path.name for path in (tmp_path / "prom").iterdir()] == ["scaler-web-plan.prom"]
    found = values((tmp_path / "prom" / "scaler-web-plan.prom").read_text())
    labels = 'command="plan",project="web"'

    def of(name: str) -> float:
        return found[f'{name}{{{labels},workload="shop"}}']

    assert of("scaler_workload_planned_minimum_units") == plan["steps"][0]["min_size"]
    assert of("scaler_workload_planned_minimum_highest_units") == max(step["min_size"] for step in plan["steps"])
    assert of("scaler_workload_live_minimum_units") == 2
    assert of("scaler_workload_history_end_timestamp_seconds") == END.timestamp()
    assert found[f'scaler_workload_cost_usd{{case="p50",{labels},workload="shop"}}'] == plan["cost"]["p50_usd"]
    assert found[f'scaler_workload_status{{{labels},status="changed",workload="shop"}}'] == 1
    assert found[f"scaler_run_exit_code{{{labels}}}"] == 0
    assert not any("nan" in name.lower() for name in found)
    assert {name.partition("{")[0] for name in found} <= set(GAUGES)


def test_figures_of_a_failed_run_say_so(project, tmp_path, capsys):
    """Who watches the exit code sees that there was no plan."""
    arguments = project("{textfile: prom}")
    config = tmp_path / "scaler.yaml"
    config.write_text(f"{CONFIG}metrics: {{textfile: prom}}\n".replace("m7i.large: 100", "m7x.large: 100"))
    assert main(arguments) == 1
    found = values((tmp_path / "prom" / "scaler-scaler-plan.prom").read_text())
    assert found['scaler_run_exit_code{command="plan",project="scaler"}'] == 1
    capsys.readouterr()


def test_a_gateway_gets_the_figures_in_the_place_of_the_earlier_ones(project, capsys, monkeypatch):
    """A PUT under job, project and command, with the credentials that the environment holds; without AWS none."""
    monkeypatch.setenv("GATEWAY_USER", "scaler")
    monkeypatch.setenv("GATEWAY_PASSWORD", "canary-password")
    with Gateway() as gateway:
        auth = "{username_env: GATEWAY_USER, password_env: GATEWAY_PASSWORD}"
        arguments = project(f'{{pushgateway: "{gateway.url}", pushgateway_auth: {auth}}}')
        assert main([*arguments, "--offline"]) == 0
        assert gateway.asked == []
        assert main(arguments) == 0
        (asked,) = gateway.asked
    assert (asked.method, asked.path) == ("PUT", "/metrics/job/scaler/project/scaler/command/plan")
    assert asked.headers["authorization"].startswith("Basic ")
    assert values(asked.body.decode())
    assert "canary" not in capsys.readouterr().err


class Gateway(Forge):
    """A Pushgateway, as far as it is spoken to."""

    def answer(self, asked: Asked):
        """Takes everything, or fails."""
        self.asked.append(asked)
        return (self.fail, f"no: {asked.headers}") if self.fail else (200, "")


def test_embedded_metrics_are_lines_of_a_log(project, tmp_path, capsys):
    """Each names its dimensions and metrics as the specification says; stdout stays the plan."""
    assert main([*project("{emf: true}"), "--format", "json", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["plan_id"]
    assert main([*project("{emf: metrics.log}"), "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    for text in (err, (tmp_path / "metrics.log").read_text()):
        lines = [json.loads(line) for line in text.splitlines()]
        assert len(lines) > 2
        for line in lines:
            assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 3600
            (described,) = line["_aws"]["CloudWatchMetrics"]
            assert described["Namespace"] == "scaler"
            assert 0 < len(described["Metrics"]) <= 100
            ((*dimensions,),) = described["Dimensions"]
            assert all(isinstance(line[name], str) and line[name] for name in dimensions)
            assert all(isinstance(line[metric["Name"]], int | float) for metric in described["Metrics"])


def test_figures_that_go_nowhere_cost_a_warning(project, tmp_path):
    """Row 49 and 51: a folder that is not there, a link, a gateway that fails: same code, same plan, no secret."""
    with Gateway() as gateway:
        gateway.fail = 500
        pushed = f'pushgateway: "{gateway.url}", pushgateway_auth: {{bearer_token_env: T}}'
        where = f"{{textfile: gone, {pushed}, emf: gone/file}}"
        arguments = project(where, "--detailed-exitcode", "--quiet")
        done = subprocess.run(
            [sys.executable, "-m", "scaler.cli.main", *arguments],
            capture_output=True, text=True, timeout=120, check=False, env={"T": "canary-token", "PATH": "/usr/bin"},
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("warning: metrics: ") == 3, done.stderr
    assert "canary" not in done.stdout + done.stderr
    outside = tmp_path / "outside"
    outside.write_text("as it was")
    arguments = project("{textfile: prom}")
    (tmp_path / "prom" / "scaler-scaler-plan.prom").symlink_to(outside)
    assert main(arguments) == 0
    assert outside.read_text() == "as it was"


def test_a_part_of_the_fleet_leaves_the_figures_of_all_alone(project, tmp_path, capsys):
    """Otherwise the others would seem gone."""
    arguments = project("{textfile: prom}")
    config = tmp_path / "scaler.yaml"
    config.write_text(config.read_text().replace("metrics:", "  other:" + CONFIG.split("  shop:")[1] + "metrics:"))
    assert main([*arguments, "--workload", "shop"]) == 0
    assert list((tmp_path / "prom").iterdir()) == []
    capsys.readouterr()


def test_labels_are_escaped_as_the_format_says():
    """A quote, a backslash and a line end in a label cannot end the label or the line."""
    sample = Sample(LEFT_ALONE, 1.0, (("workload", 'a"b\\c\nd'),))
    line = exposition([sample], project="p", command="run").splitlines()[-1]
    told = 'workload="a\\"b\\\\c\\nd"'
    assert line.decode() == f'scaler_workload_left_alone{{command="run",project="p",{told}}} 1.0'


def board_expressions() -> list[str]:
    """Every query of the dashboard, for all projects and workloads."""
    board = json.loads((EXAMPLES / "grafana" / "scaler.json").read_text())
    found = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return [expression.replace("$project", ".*").replace("$workload", ".*") for expression in found]


def test_dashboard_and_alerts_ask_for_gauges_that_there_are():
    """No query is of a name that nothing writes."""
    queries = [*board_expressions(), RULES.read_text()]
    asked = {name for query in queries for name in re.findall(r"scaler_[a-z0-9_]+", query)}
    assert len(asked) > 10
    assert asked <= set(GAUGES)


@pytest.mark.prometheus
def test_promtool_takes_rules_and_figures(tmp_path):
    """The rules parse, fire for what they are named after, and stay silent over a fleet that is well."""
    require_prometheus()
    for arguments in (["check", "rules", RULES.name], ["test", "rules", "scaler.rules.test.yml"]):
        done = subprocess.run(
            ["promtool", *arguments], cwd=RULES.parent, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    hostile = [Sample(gauge, 1.0, (("workload", 'a"b\\c\nd'),)) for gauge in (SHORTFALL, LEFT_ALONE)]
    text = exposition(hostile, project="p", command="plan")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.prometheus
def test_a_real_prometheus_scrapes_the_figures(project, tmp_path, capsys):
    """What a plan wrote is what the server answers; every query of the dashboard gives something; no alert errs."""
    require_prometheus()
    assert main(project("{textfile: prom}")) == 0
    capsys.readouterr()
    (tmp_path / "prom" / "metrics").write_bytes((tmp_path / "prom" / "scaler-scaler-plan.prom").read_bytes())
    handler = partial(_Exporter, directory=str(tmp_path / "prom"))
    exporter = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=exporter.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    target = f"127.0.0.1:{exporter.server_address[1]}"
    settings = (
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"rule_files: ['{RULES}']\n"
        f"scrape_configs: [{{job_name: scaler, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    (tmp_path / "server").mkdir()
    try:
        with Prometheus(tmp_path / "server", {}, settings=settings) as server:
            query = partial(_query, server.url)
            deadline = time.monotonic() + 120
            while not query("scaler_run_exit_code") or not query("ALERTS"):
                assert time.monotonic() < deadline, "nothing was scraped"
                time.sleep(0.2)
            written = values((tmp_path / "prom" / "scaler-scaler-plan.prom").read_text())
            (found,) = query("scaler_workload_planned_minimum_highest_units")
            name = 'scaler_workload_planned_minimum_highest_units{command="plan",project="scaler",workload="shop"}'
            assert float(found["value"][1]) == written[name]
            assert found["metric"]["workload"] == "shop"
            empty = [expression for expression in board_expressions() if not query(expression)]
            assert empty == []
            rules = _ask(server.url, "/api/v1/rules")["groups"][0]["rules"]
            assert [rule["name"] for rule in rules if rule["health"] == "err"] == []
            # The plan is of a day that is long over: that is what the alerts say.
            assert {"ScalerPlanExpired", "ScalerHistoryOld"} <= {a["metric"]["alertname"] for a in query("ALERTS")}
    finally:
        exporter.shutdown()
        exporter.server_close()


class _Exporter(SimpleHTTPRequestHandler):
    """Gives the file as the node exporter would."""

    extensions_map = {"": "text/plain; version=0.0.4"}  # noqa: RUF012 - as its base has it

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def _ask(url: str, path: str):
    with build_opener(ProxyHandler({})).open(f"{url}{path}", timeout=30) as answer:
        return json.load(answer)["data"]


def _query(url: str, expression: str):
    return _ask(url, f"/api/v1/query?query={quote(expression)}")["result"]
