"""What ``scaler apply`` wrote, or was refused, is told; and so are its figures."""

from __future__ import annotations

import pytest

from tests.apply.test_command import made, project, scaler, write
from tests.standins.forge import Forge

pytestmark = pytest.mark.emulator
__all__ = ["project"]  # a fixture


def test_apply_tells_what_it_wrote_and_what_stopped_it(aws, project) -> None:
    """Changes once, nothing for a dry run, a refusal as a problem; with a deaf server the code is the same."""
    aws.make_groups(["w00"])
    write(project, made(aws))
    (project / "prom").mkdir()
    config = project / "scaler.yaml"
    config.write_text(config.read_text() + "notify: [{webhook: {url_env: URL}}]\nmetrics: {textfile: prom}\n")
    with Forge() as forge:
        url = {"URL": f"{forge.url}/hooks/canary"}
        assert scaler(aws, project, "plan.json", "--dry-run", **url).returncode == 0
        assert forge.asked == []
        assert scaler(aws, project, "plan.json", "--yes", **url).returncode == 0
        figures = (project / "prom" / "scaler-scaler-apply.prom").read_text()
        assert 'scaler_run_changes{command="apply",project="scaler"} 2.0' in figures
        (project / "plan.json").write_text(
            (project / "plan.json").read_text().replace('"min_size": 3', '"min_size": 4')
        )
        assert scaler(aws, project, "plan.json", "--yes", **url).returncode == 3
        told = [asked.json for asked in forge.asked]
        assert [(each["urgency"], each["exit_code"]) for each in told] == [("change", 0), ("problem", 3)]
        assert told[0]["headline"] == "scaler apply: 2 changes written"
        assert told[1]["headline"].startswith("scaler apply refused: ")
        forge.fail = 500
        deaf = scaler(aws, project, "plan.json", "--yes", **url)
    assert deaf.returncode == 3
    assert "warning: the webhook was not told" in deaf.stderr
    assert "canary" not in deaf.stderr
