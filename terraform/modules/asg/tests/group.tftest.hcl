# What becomes of sizes, mix and policy. No AWS: the provider is mocked.

mock_provider "aws" {}

variables {
  name            = "checkout-api"
  subnet_ids      = ["subnet-1"]
  launch_template = { id = "lt-1", version = "7" }

  meta = {
    schema_version = "1.3"
    plan_id        = "plan-under-test"
    generated_at   = "2099-01-01T00:00:00Z"
    expires_at     = "2099-01-02T00:00:00Z"
  }

  workload = {
    min_size                                 = 4
    max_size                                 = 40
    on_demand_base_capacity                  = 2
    on_demand_percentage_above_base_capacity = 40
    instance_types = [
      { instance_type = "m7i.large", weighted_capacity = 2 },
      { instance_type = "m7i.xlarge", weighted_capacity = 4 },
    ]
  }
}

run "the_mix_reaches_the_group" {
  command = plan

  assert {
    condition = (
      aws_autoscaling_group.sized_by_scaler[0].mixed_instances_policy[0].instances_distribution[0].on_demand_base_capacity == 2 &&
      aws_autoscaling_group.sized_by_scaler[0].mixed_instances_policy[0].instances_distribution[0].on_demand_percentage_above_base_capacity == 40 &&
      aws_autoscaling_group.sized_by_scaler[0].mixed_instances_policy[0].instances_distribution[0].spot_allocation_strategy == "price-capacity-optimized"
    )
    error_message = "Base, percentage and strategy must be those of the workload."
  }

  assert {
    condition     = [for type in aws_autoscaling_group.sized_by_scaler[0].mixed_instances_policy[0].launch_template[0].override : "${type.instance_type}=${type.weighted_capacity}"] == ["m7i.large=2", "m7i.xlarge=4"]
    error_message = "Types and weights must keep their order."
  }

  assert {
    condition     = aws_autoscaling_group.sized_by_scaler[0].mixed_instances_policy[0].launch_template[0].launch_template_specification[0].version == "7"
    error_message = "The launch template's version must be the one passed in."
  }
}

run "scaler_owns_the_sizes_by_default" {
  command = plan

  assert {
    condition     = length(aws_autoscaling_group.sized_by_scaler) == 1 && length(aws_autoscaling_group.sized_by_terraform) == 0
    error_message = "By default Terraform must not put sizes back."
  }
}

run "terraform_can_own_the_sizes" {
  command = plan

  variables {
    size_owner = "terraform"
  }

  assert {
    condition     = aws_autoscaling_group.sized_by_terraform[0].min_size == 4 && aws_autoscaling_group.sized_by_terraform[0].max_size == 40
    error_message = "Terraform must set both sizes."
  }

  assert {
    condition     = length(aws_autoscaling_group.sized_by_scaler) == 0
    error_message = "There must be one group."
  }
}

run "a_target_tracking_policy_stands_beside_it" {
  command = plan

  assert {
    condition = (
      aws_autoscaling_policy.target_tracking[0].target_tracking_configuration[0].target_value == 60 &&
      aws_autoscaling_policy.target_tracking[0].target_tracking_configuration[0].predefined_metric_specification[0].predefined_metric_type == "ASGAverageCPUUtilization"
    )
    error_message = "Average CPU of 60 % is the default."
  }
}

run "the_policy_can_be_left_out" {
  command = plan

  variables {
    target_tracking = null
  }

  assert {
    condition     = length(aws_autoscaling_policy.target_tracking) == 0
    error_message = "null must mean no policy."
  }
}

run "the_policy_can_follow_a_metric_of_ones_own" {
  command = plan

  variables {
    target_tracking = {
      target_value = 12
      metric       = { namespace = "Checkout", name = "RequestsPerInstance", dimensions = { Service = "api" } }
    }
  }

  assert {
    condition = (
      length(aws_autoscaling_policy.target_tracking[0].target_tracking_configuration[0].predefined_metric_specification) == 0 &&
      aws_autoscaling_policy.target_tracking[0].target_tracking_configuration[0].customized_metric_specification[0].metric_name == "RequestsPerInstance" &&
      aws_autoscaling_policy.target_tracking[0].target_tracking_configuration[0].customized_metric_specification[0].statistic == "Average"
    )
    error_message = "A metric given must take the place of the predefined one."
  }
}

run "a_later_minor_format_is_read" {
  command = plan

  assert {
    condition     = output.plan_id == "plan-under-test"
    error_message = "schema_version 1.3 must be accepted."
  }
}
