"""The tables of actions in docs/permissions.md, from the data that the Terraform module makes policies of."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "permissions.md"
DATA = ROOT / "terraform" / "modules" / "permissions" / "permissions.json"

_TARGETS = {"asg": "groups", "ecs": "ECS", "sagemaker": "SageMaker", "lambda": "Lambda"}
_ON = {
    "any": "`*`: they have no resources",
    "groups": "groups",
    "scalable_targets": "scalable targets",
    "ecs_services": "services",
    "lambda_aliases": "aliases",
    "lambda_functions": "functions",
    "sagemaker_endpoints": "endpoints",
    "sagemaker_endpoint_configurations": "endpoint configurations",
    "alarms": "alarms",
    "tracking_alarms": "alarms of target tracking of these services, by name",
    "savings_plans": "savings plans",
    "launches": "what instances are launched with",
    "launch_tags": "what is launched",
    "instance_roles": "`instance_role_arns`",
    "store_bucket": "the store's bucket",
    "store_objects": "objects of the store",
    "store_key": "its key",
    "config_objects": "that object",
    "notice_topics": "`notice_topic_arns`",
    "log_streams": "its log group",
    "dead_letters": "the queue",
    "dead_letters_key": "its key",
}
#: What there may be none of.
_GIVEN = {"store_bucket", "store_objects", "store_key", "config_objects", "notice_topics", "log_streams",
          "dead_letters", "dead_letters_key"}  # fmt: skip
_ONLY = {
    None: "",
    "tagged": ", with the tag",
    "launch_templates": ", by `launch_template_arns`",
    "at_launch": ", by the launch itself",
    "passed_to_ec2": ", passed to EC2",
    "via_s3": ", through S3",
    "via_sqs": ", through SQS",
}


def permissions_page() -> str:
    """The page with its tables as they should be."""
    grants = json.loads(DATA.read_text(encoding="utf-8"))["grants"]
    text = PAGE.read_text(encoding="utf-8")
    for policy in ("plan", "apply", "operator"):
        mine = [grant for grant in grants if policy in grant["policies"]]
        rows = "\n".join(_row(grant) for grant in mine)
        table = f"| what for | actions | on | if |\n|---|---|---|---|\n{rows}\n"
        mark = re.compile(rf"(<!-- grants: {policy} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not mark.search(text):
            raise ValueError(f"{PAGE} has no place for the grants of {policy}")
        text = mark.sub(lambda found, table=table: f"{found[1]}\n{table}\n{found[2]}", text)  # type: ignore[misc]
    return text


def _row(grant: dict[str, Any]) -> str:
    actions = ", ".join(f"`{action}`" for action in grant["actions"])
    given = [", ".join(_TARGETS[each] for each in grant["targets"])] if grant["targets"] else []
    given += [f"`{grant['feature']}`"] if grant["feature"] else []
    asked = "" if grant["called_by"] == "scaler" else f" ([asked by {grant['called_by']}]({grant['note']}))"
    place = _ON[grant["on"]] + _ONLY[grant["condition"]]
    if grant["on"] in _GIVEN:
        given.append("there is one")
    return f"| {grant['for'].replace('|', '&#124;')}{asked} | {actions} | {place} | {', '.join(given) or 'always'} |"
