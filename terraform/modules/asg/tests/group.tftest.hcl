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

  assert {
    condition     = length(aws_autoscaling_group.sized_by_scaler) == 1 && length(aws_autoscaling_group.sized_by_terraform) == 0
    error_message = "By default Terraform must not put sizes back."
  }

  assert {
    condition = (
      aws_autoscaling_policy.target_tracking[0].target_tracking_configuration[0].target_value == 60 &&
      aws_autoscaling_policy.target_tracking[0].target_tracking_configuration[0].predefined_metric_specification[0].predefined_metric_type == "ASGAverageCPUUtilization"
    )
    error_message = "Average CPU of 60 % is the default."
  }

  assert {
    condition     = length(aws_autoscaling_policy.predictive) == 0 && length(aws_autoscaling_group.sized_by_scaler[0].warm_pool) == 0
    error_message = "Predictive scaling and a warm pool must be asked for."
  }

  assert {
    condition     = output.plan_id == "plan-under-test"
    error_message = "schema_version 1.3, a later minor one, must be accepted."
  }
}

run "terraform_can_own_the_sizes_and_the_policy_be_left_out" {
  command = plan

  variables {
    size_owner      = "terraform"
    target_tracking = null
  }

  assert {
    condition     = length(aws_autoscaling_policy.target_tracking) == 0
    error_message = "null must mean no policy."
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

run "aws_can_forecast_beside_it_and_instances_wait_warm" {
  command = plan

  variables {
    predictive_scaling = { target_value = 55 }
    warm_pool          = { min_size = 3 }

    workload = {
      min_size       = 4
      max_size       = 40
      instance_types = [{ instance_type = "m7i.large" }]
    }
  }

  assert {
    condition = (
      aws_autoscaling_policy.predictive[0].predictive_scaling_configuration[0].mode == "ForecastOnly" &&
      aws_autoscaling_policy.predictive[0].predictive_scaling_configuration[0].max_capacity_breach_behavior == "HonorMaxCapacity" &&
      aws_autoscaling_policy.predictive[0].predictive_scaling_configuration[0].metric_specification[0].target_value == 55
    )
    error_message = "AWS must only forecast unless told to scale, and never raise the maximum."
  }

  assert {
    condition = (
      aws_autoscaling_group.sized_by_scaler[0].warm_pool[0].pool_state == "Stopped" &&
      aws_autoscaling_group.sized_by_scaler[0].warm_pool[0].min_size == 3 &&
      aws_autoscaling_group.sized_by_scaler[0].warm_pool[0].max_group_prepared_capacity == -1
    )
    error_message = "A warm pool must hold stopped instances up to the group's maximum."
  }
}
