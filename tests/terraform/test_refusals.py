"""What the modules refuse by a validation: each mistake by its own sentence, and by no other.

`terraform test` could only say that a variable was refused, not why. Here the variables of a module,
without its resources and so without the provider, are given many workloads at once.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.conftest import TERRAFORM

pytestmark = pytest.mark.terraform

LATER = "2099-01-01T00:00:00Z"
META = {"schema_version": "1.0", "plan_id": "p", "generated_at": "2020-01-01T00:00:00Z", "expires_at": LATER}
WORKLOAD = {"min_size": 2, "max_size": 20}

GROUP = {
    "name": "checkout-api",
    "subnet_ids": ["subnet-1"],
    "launch_template": {"id": "lt-1", "version": "1"},
    "workload": WORKLOAD | {"instance_types": [{"instance_type": "m7i.large"}]},
}
TARGET = {
    "service_namespace": "ecs",
    "resource_id": "service/shop/web",
    "scalable_dimension": "ecs:service:DesiredCount",
    "workload": WORKLOAD,
}
MODULES = {"asg": GROUP, "application-autoscaling": TARGET}
ENDPOINT = {"endpoint_name": "ranker", "target_tracking": {}, "workload": WORKLOAD}

NOT_A_NUMBER = "Sizes of schedules must be whole numbers: 0 or more, or -1 to leave the size alone."
NOT_CRON = 'recurrence must be a cron expression of five fields separated by single spaces, such as "0 8 * * 1-5".'

# What both kinds of workload refuse: schedules → the sentence.
SCHEDULES: list[tuple[dict[str, Any], str]] = [
    ({"one": {"min_size": 3}}, "Each schedule needs either start_time or recurrence, not both."),
    (
        {"one": {"start_time": LATER, "recurrence": "0 8 * * *", "min_size": 3}},
        "Each schedule needs either start_time or recurrence, not both.",
    ),
    (
        {"one": {"start_time": "2099-01-01T00:00:00+01:00", "min_size": 3}},
        "start_time must be a time in UTC such as 2026-11-21T11:00:00Z.",
    ),
    (
        {"one": {"start_time": "2099-02-30T00:00:00Z", "min_size": 3}},
        "start_time must be a time in UTC such as 2026-11-21T11:00:00Z.",
    ),
    (
        {"one": {"start_time": LATER, "time_zone": "Europe/Berlin", "min_size": 3}},
        "time_zone goes with recurrence only: a start_time is in UTC.",
    ),
    ({"one": {"recurrence": "0 8 * * * *", "min_size": 3}}, NOT_CRON),
    ({"one": {"start_time": LATER, "min_size": -2, "max_size": 4}}, NOT_A_NUMBER),
    ({"one": {"start_time": LATER, "min_size": 2.5}}, NOT_A_NUMBER),
    (
        {"a b": {"start_time": LATER, "min_size": 3}},
        "Names of schedules must start with a letter or digit and hold only letters, digits, dots, underscores and "
        "hyphens.",
    ),
]

# Other arguments of both modules → the sentence.
ARGUMENTS: list[tuple[dict[str, Any], str]] = [
    ({"workload": {"min_size": 21}}, "min_size must be between 0 and max_size."),
    ({"workload": {"min_size": -1}}, "min_size must be between 0 and max_size."),
    ({"workload": {"max_size": 20.5}}, "min_size and max_size must be whole numbers."),
    (
        {"meta": META | {"schema_version": "2.0"}},
        "The variables were written in a format that this module does not read: it reads schema_version 1.x. Use the "
        "module of the scaler that wrote them.",
    ),
    (
        {"meta": META | {"expires_at": "soon"}},
        "generated_at and expires_at must be times such as 2026-11-21T11:00:00Z.",
    ),
    ({"size_owner": "nobody"}, 'size_owner must be "scaler" or "terraform".'),
    ({"schedule_notice": "-2m"}, "schedule_notice must be a duration such as 2m or 1h30m."),
    ({"max_size_ceiling": 0}, "max_size_ceiling must be 1 or more."),
]

BAD_NAME = (
    "name must start with a letter or digit and hold at most 255 letters, digits, spaces and . _ / ( ) + = @ - "
    "characters."
)
OWN: dict[str, list[tuple[dict[str, Any], str]]] = {
    "asg": [
        (
            {
                "workload": {
                    "schedules": {
                        f"s{n}": {"start_time": f"2099-01-0{n // 24 + 1}T{n % 24:02}:00:00Z", "min_size": 3}
                        for n in range(126)
                    }
                }
            },
            "EC2 Auto Scaling allows at most 125 scheduled actions per group.",
        ),
        (
            {
                "workload": {
                    "schedules": {"a": {"start_time": LATER, "min_size": 3}, "b": {"start_time": LATER, "min_size": 4}}
                }
            },
            "Each schedule needs a time of its own: EC2 Auto Scaling refuses two actions of one group at the same "
            "time.",
        ),
        (
            {
                "workload": {
                    "schedules": {
                        "a": {"recurrence": "0 8 * * *", "min_size": 3},
                        "b": {"recurrence": "0 8 * * *", "time_zone": "Etc/UTC", "min_size": 4},
                    }
                }
            },
            "Each schedule needs a time of its own: EC2 Auto Scaling refuses two actions of one group at the same "
            "time.",
        ),
        (
            {"workload": {"schedules": {"one": {"start_time": LATER}}}},
            "Each schedule must set at least one of min_size, max_size and desired_capacity.",
        ),
        (
            {"workload": {"schedules": {"one": {"start_time": LATER, "min_size": 9, "max_size": 8}}}},
            "min_size and desired_capacity of a schedule must not exceed its max_size.",
        ),
        (
            {"workload": {"schedules": {"one": {"start_time": LATER, "min_size": 9, "desired_capacity": 8}}}},
            "desired_capacity of a schedule must not be below its min_size.",
        ),
        (
            {"workload": {"schedules": {"one": {"start_time": LATER, "min_size": 21}}}},
            "min_size and desired_capacity of a schedule must not exceed every max_size of the workload.",
        ),
        (
            {"workload": {"instance_types": []}},
            "instance_types must list 1 to 40 instance types: EC2 Auto Scaling takes no more.",
        ),
        (
            {"workload": {"instance_types": [{"instance_type": "m7i.large"}] * 2}},
            "instance_types must name each instance type once.",
        ),
        (
            {"workload": {"instance_types": [{"instance_type": "m7i.large", "weighted_capacity": 0}]}},
            "weighted_capacity must be a whole number from 1 to 999.",
        ),
        (
            {"workload": {"instance_types": [{"instance_type": "${path.root}"}]}},
            "instance_types must be names such as m7i.large.",
        ),
        (
            {"workload": {"on_demand_percentage_above_base_capacity": 101}},
            "on_demand_percentage_above_base_capacity must be a whole number from 0 to 100.",
        ),
        (
            {"workload": {"spot_allocation_strategy": "cheapest"}},
            "spot_allocation_strategy must be price-capacity-optimized, capacity-optimized, "
            "capacity-optimized-prioritized or lowest-price.",
        ),
        ({"name": "checkout${1}"}, BAD_NAME),
        ({"name": "%{ if true }a"}, BAD_NAME),
        ({"name": 'a"b'}, BAD_NAME),
        ({"name": "checkout\napi"}, BAD_NAME),
        ({"name": "a\u202eb"}, BAD_NAME),
        ({"name": "größe"}, BAD_NAME),
        ({"name": ""}, BAD_NAME),
        ({"name": "a" * 256}, BAD_NAME),
        (
            {"warm_pool": {"pool_state": "Asleep"}},
            'pool_state of warm_pool must be "Stopped", "Hibernated" or "Running".',
        ),
        (
            {"warm_pool": {"min_size": -1}},
            "min_size of warm_pool must be 0 or more, max_group_prepared_capacity -1 or more.",
        ),
        (
            {"predictive_scaling": {"mode": "Guess"}},
            'mode of predictive_scaling must be "ForecastOnly" or "ForecastAndScale".',
        ),
        (
            {"predictive_scaling": {"predefined_metric_pair_type": "ALBRequestCount"}},
            "resource_label of predictive_scaling names the load balancer and target group of ALBRequestCount, and "
            "goes with nothing else.",
        ),
        (
            {"predictive_scaling": {"scheduling_buffer_time": 3600}},
            "scheduling_buffer_time must be a number of seconds below 3600.",
        ),
        ({"health_check_type": "PING"}, 'health_check_type must be "EC2" or "ELB".'),
        (
            {"on_demand_allocation_strategy": "random"},
            'on_demand_allocation_strategy must be "prioritized" or "lowest-price".',
        ),
    ],
    "application-autoscaling": [
        (
            {
                "workload": {
                    "schedules": {
                        f"s{n}": {"start_time": f"2099-01-0{n // 24 + 1}T{n % 24:02}:00:00Z", "min_size": 3}
                        for n in range(201)
                    }
                }
            },
            "Application Auto Scaling allows at most 200 scheduled actions per target.",
        ),
        (
            {"workload": {"instance_types": [{"instance_type": "m7i.large"}]}},
            "instance_types must be empty: this workload is one of an Auto Scaling group. Use modules/asg for it.",
        ),
        (
            {"workload": {"schedules": {"one": {"start_time": LATER, "min_size": 3, "desired_capacity": 3}}}},
            "desired_capacity must be -1: a scheduled action of Application Auto Scaling sets minimum and maximum "
            "only.",
        ),
        (
            {"workload": {"schedules": {"one": {"start_time": LATER}}}},
            "Each schedule must set at least one of min_size and max_size.",
        ),
        (
            {"workload": {"schedules": {"one": {"start_time": LATER, "min_size": 9, "max_size": 8}}}},
            "min_size of a schedule must not exceed its max_size.",
        ),
        (
            {"workload": {"schedules": {"one": {"start_time": LATER, "min_size": 21}}}},
            "min_size of a schedule must not exceed every max_size of the workload.",
        ),
        (
            {
                "workload": {
                    "schedules": {"a": {"start_time": LATER, "min_size": 3}, "b": {"start_time": LATER, "min_size": 4}}
                }
            },
            "Each schedule needs a time of its own: of two actions at the same time nobody knows which one holds.",
        ),
        (
            {"workload": {"schedules": {"one": {"recurrence": "0 8 1 * 1", "min_size": 3}}}},
            "recurrence may limit the day of the month or the day of the week, not both: Application Auto Scaling has "
            "no way to say that.",
        ),
        (
            {"workload": {"schedules": {"one": {"recurrence": "0 8 * * 5-1", "min_size": 3}}}},
            "A range of days of the week in recurrence must not run backwards: Sunday is 0 or 7.",
        ),
        ({"workload": {"schedules": {"one": {"recurrence": "0 8 * * 8", "min_size": 3}}}}, NOT_CRON),
        ({"workload": {"schedules": {"one": {"recurrence": "0 8 ${1} * *", "min_size": 3}}}}, NOT_CRON),
        ({"workload": {"schedules": {"one": {"recurrence": "0 8 L * *", "min_size": 3}}}}, NOT_CRON),
        (
            {"resource_id": "service/shop/${web}"},
            "resource_id must be one such as service/shop/web: letters, digits and : / . _ - characters.",
        ),
        ({"service_namespace": "ECS!"}, "service_namespace must be a service such as ecs, sagemaker or lambda."),
        ({"scalable_dimension": "DesiredCount"}, "scalable_dimension must be one such as ecs:service:DesiredCount."),
    ],
}


def refused(module: str, cases: list[dict[str, Any]], terraform: str, folder: Path) -> Counter[str]:
    """How often the variables of a module refuse any of the cases with each sentence."""
    (folder / "variables").mkdir(parents=True)
    (folder / "variables" / "variables.tf").write_text((TERRAFORM / "modules" / module / "variables.tf").read_text())
    names = sorted({name for case in cases for name in case})
    lines = [
        # Left out of a call, a variable has its default; given as null, only where it is not nullable.
        f"{name} = try(each.value.{name}, null)"
        for name in names
    ]
    (folder / "main.tf").write_text(
        'module "case" {\n  source = "./variables"\n'
        '  for_each = jsondecode(file("${path.root}/cases.json"))\n  ' + "\n  ".join(lines) + "\n}\n"
    )
    (folder / "cases.json").write_text(json.dumps({str(number): case for number, case in enumerate(cases)}))
    environment = dict(os.environ) | {"CHECKPOINT_DISABLE": "1"}
    subprocess.run([terraform, "init", "-input=false"], cwd=folder, env=environment, check=True, capture_output=True)
    ended = subprocess.run(
        [terraform, "plan", "-input=false", "-json"], cwd=folder, env=environment, check=False, capture_output=True
    )
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    errors = [event["diagnostic"] for event in events if event["@level"] == "error"]
    assert all(error["summary"] == "Invalid value for variable" for error in errors), errors
    return Counter(error["detail"].partition("\n\nThis was checked by")[0] for error in errors)


@pytest.mark.parametrize("module", MODULES)
def test_each_mistake_is_refused_by_its_own_sentence(module: str, terraform_binary: str, tmp_path: Path) -> None:
    """Of all the cases each is refused once, for the reason that it has."""
    base = MODULES[module] | {"meta": META}
    cases, sentences = [base], list[str]()
    for change, sentence in [
        *(({"workload": {"schedules": schedules}}, sentence) for schedules, sentence in SCHEDULES),
        *ARGUMENTS,
        *OWN[module],
    ]:
        case: dict[str, Any] = base | change
        if "workload" in change:
            workload: Any = base["workload"]
            case["workload"] = workload | change["workload"]
        cases.append(case)
        sentences.append(sentence)
    assert refused(module, cases, terraform_binary, tmp_path) == Counter(sentences)


def test_names_of_targets_are_refused(terraform_binary: str, tmp_path: Path) -> None:
    """A cluster, service, endpoint, variant, function or alias with marks of Terraform's is not a name."""
    base = {"meta": META, "workload": WORKLOAD}
    ecs = base | {"cluster_name": "shop", "service_name": "web"}
    ranker = base | ENDPOINT
    function = base | {"function_name": "checkout", "alias_name": "live"}
    for module, cases, sentences in (
        (
            "ecs-service",
            [ecs, ecs | {"cluster_name": "a/b"}, ecs | {"service_name": "${a}"}],
            ["cluster_name must be the name of a cluster", "service_name must be the name of a service"],
        ),
        (
            "sagemaker-endpoint",
            [
                ranker,
                ranker | {"endpoint_name": 'a"b'},
                ranker | {"variant_name": "a_b"},
                ranker | {"inference_component_name": "a\nb"},
            ],
            [
                "endpoint_name must be the name of an endpoint",
                "variant_name must be the name of a variant",
                "inference_component_name must be the name of an inference component",
            ],
        ),
        (
            "lambda-alias",
            [function, function | {"function_name": "a:b"}, function | {"alias_name": "%{b}"}],
            ["function_name must be the name of a function", "alias_name must be the name of an alias"],
        ),
    ):
        found = refused(module, cases, terraform_binary, tmp_path / module)
        assert {message.partition(":")[0] for message in found} == set(sentences)
        assert sum(found.values()) == len(sentences)
