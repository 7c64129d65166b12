locals {
  # A one-off vanishes from AWS when it has fired; without this filter Terraform would plan to
  # create it again in the past. Compared at plan time, so a saved plan stays what was reviewed.
  one_offs = {
    for name, schedule in var.workload.schedules : name => schedule
    if schedule.start_time == null ? false : timecmp(schedule.start_time, timeadd(plantimestamp(), var.schedule_notice)) > 0
  }

  # The provider sends a recurring action's first start time again on update, so a changed cron would
  # fire at the old time. A digest in the name replaces the action instead.
  recurring = {
    for name, schedule in var.workload.schedules :
    "${name}-${substr(sha256("${schedule.recurrence} ${coalesce(schedule.time_zone, "Etc/UTC")}"), 0, 8)}" => schedule
    if schedule.recurrence != null
  }

  live_schedules = merge(local.one_offs, local.recurring)

  largest_size = max(
    var.workload.max_size,
    concat([0], values(var.workload.schedules)[*].min_size, values(var.workload.schedules)[*].max_size, values(var.workload.schedules)[*].desired_capacity)...
  )

  plan_is_fresh   = var.allow_expired || timecmp(var.meta.expires_at, plantimestamp()) > 0
  expired_message = "The plan ${var.meta.plan_id} expired at ${var.meta.expires_at}. Run `scaler plan` to write fresh variables, or set allow_expired = true to use these."
  ceiling_message = "A size of ${local.largest_size} capacity units is above max_size_ceiling = ${var.max_size_ceiling}. Check the plan, or raise max_size_ceiling."

  warm_pool_fits    = var.warm_pool == null || var.workload.on_demand_percentage_above_base_capacity == 100
  warm_pool_message = "A warm pool needs a group without spot capacity, and this plan has ${100 - var.workload.on_demand_percentage_above_base_capacity} % of it above the base. Set warm_pool = null, or the workload's spot share to 0."

  enabled_metrics = [
    "GroupDesiredCapacity",
    "GroupInServiceCapacity",
    "GroupInServiceInstances",
    "GroupMaxSize",
    "GroupMinSize",
    "GroupPendingInstances",
  ]

  group = one(concat(aws_autoscaling_group.sized_by_scaler, aws_autoscaling_group.sized_by_terraform))
}

# The two groups are alike but for ignore_changes, which cannot depend on a variable.

resource "aws_autoscaling_group" "sized_by_scaler" {
  count = var.size_owner == "scaler" ? 1 : 0

  name                      = var.name
  min_size                  = var.workload.min_size
  max_size                  = var.workload.max_size
  vpc_zone_identifier       = var.subnet_ids
  target_group_arns         = var.target_group_arns
  health_check_type         = var.health_check_type
  health_check_grace_period = var.health_check_grace_period
  capacity_rebalance        = var.capacity_rebalance
  default_instance_warmup   = var.default_instance_warmup
  enabled_metrics           = local.enabled_metrics
  wait_for_capacity_timeout = var.wait_for_capacity_timeout

  mixed_instances_policy {
    instances_distribution {
      on_demand_allocation_strategy            = var.on_demand_allocation_strategy
      on_demand_base_capacity                  = var.workload.on_demand_base_capacity
      on_demand_percentage_above_base_capacity = var.workload.on_demand_percentage_above_base_capacity
      spot_allocation_strategy                 = var.workload.spot_allocation_strategy
    }

    launch_template {
      launch_template_specification {
        launch_template_id = var.launch_template.id
        version            = var.launch_template.version
      }

      dynamic "override" {
        for_each = var.workload.instance_types

        content {
          instance_type     = override.value.instance_type
          weighted_capacity = override.value.weighted_capacity
        }
      }
    }
  }

  dynamic "warm_pool" {
    for_each = var.warm_pool == null ? [] : [var.warm_pool]

    content {
      pool_state                  = warm_pool.value.pool_state
      min_size                    = warm_pool.value.min_size
      max_group_prepared_capacity = warm_pool.value.max_group_prepared_capacity

      instance_reuse_policy {
        reuse_on_scale_in = warm_pool.value.reuse_on_scale_in
      }
    }
  }

  dynamic "tag" {
    for_each = var.tags

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    # Schedules, scaling policies and `scaler apply` move the sizes; an apply must not put them back.
    ignore_changes = [desired_capacity, max_size, min_size]

    precondition {
      condition     = local.plan_is_fresh
      error_message = local.expired_message
    }

    precondition {
      condition     = local.largest_size <= var.max_size_ceiling
      error_message = local.ceiling_message
    }

    precondition {
      condition     = local.warm_pool_fits
      error_message = local.warm_pool_message
    }
  }
}

resource "aws_autoscaling_group" "sized_by_terraform" {
  count = var.size_owner == "terraform" ? 1 : 0

  name                      = var.name
  min_size                  = var.workload.min_size
  max_size                  = var.workload.max_size
  vpc_zone_identifier       = var.subnet_ids
  target_group_arns         = var.target_group_arns
  health_check_type         = var.health_check_type
  health_check_grace_period = var.health_check_grace_period
  capacity_rebalance        = var.capacity_rebalance
  default_instance_warmup   = var.default_instance_warmup
  enabled_metrics           = local.enabled_metrics
  wait_for_capacity_timeout = var.wait_for_capacity_timeout

  mixed_instances_policy {
    instances_distribution {
      on_demand_allocation_strategy            = var.on_demand_allocation_strategy
      on_demand_base_capacity                  = var.workload.on_demand_base_capacity
      on_demand_percentage_above_base_capacity = var.workload.on_demand_percentage_above_base_capacity
      spot_allocation_strategy                 = var.workload.spot_allocation_strategy
    }

    launch_template {
      launch_template_specification {
        launch_template_id = var.launch_template.id
        version            = var.launch_template.version
      }

      dynamic "override" {
        for_each = var.workload.instance_types

        content {
          instance_type     = override.value.instance_type
          weighted_capacity = override.value.weighted_capacity
        }
      }
    }
  }

  dynamic "warm_pool" {
    for_each = var.warm_pool == null ? [] : [var.warm_pool]

    content {
      pool_state                  = warm_pool.value.pool_state
      min_size                    = warm_pool.value.min_size
      max_group_prepared_capacity = warm_pool.value.max_group_prepared_capacity

      instance_reuse_policy {
        reuse_on_scale_in = warm_pool.value.reuse_on_scale_in
      }
    }
  }

  dynamic "tag" {
    for_each = var.tags

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    # desired_capacity is unset above: scaling policies own it.
    precondition {
      condition     = local.plan_is_fresh
      error_message = local.expired_message
    }

    precondition {
      condition     = local.largest_size <= var.max_size_ceiling
      error_message = local.ceiling_message
    }

    precondition {
      condition     = local.warm_pool_fits
      error_message = local.warm_pool_message
    }
  }
}

resource "aws_autoscaling_schedule" "this" {
  for_each = local.live_schedules

  autoscaling_group_name = local.group.name
  scheduled_action_name  = each.key
  start_time             = each.value.start_time
  recurrence             = each.value.recurrence
  time_zone              = each.value.recurrence == null ? null : coalesce(each.value.time_zone, "Etc/UTC")

  # Always a number: the provider sends 0 for a size that is null. -1 leaves the size alone.
  min_size         = each.value.min_size
  max_size         = each.value.max_size
  desired_capacity = each.value.desired_capacity
}

resource "aws_autoscaling_policy" "target_tracking" {
  count = var.target_tracking == null ? 0 : 1

  name                   = "target-tracking"
  policy_type            = "TargetTrackingScaling"
  autoscaling_group_name = local.group.name

  target_tracking_configuration {
    target_value     = var.target_tracking.target_value
    disable_scale_in = var.target_tracking.disable_scale_in

    dynamic "predefined_metric_specification" {
      for_each = var.target_tracking.metric == null ? [var.target_tracking] : []

      content {
        predefined_metric_type = predefined_metric_specification.value.predefined_metric_type
        resource_label         = predefined_metric_specification.value.resource_label
      }
    }

    dynamic "customized_metric_specification" {
      for_each = var.target_tracking.metric == null ? [] : [var.target_tracking.metric]

      content {
        namespace   = customized_metric_specification.value.namespace
        metric_name = customized_metric_specification.value.name
        statistic   = customized_metric_specification.value.statistic
        unit        = customized_metric_specification.value.unit

        dynamic "metric_dimension" {
          for_each = customized_metric_specification.value.dimensions

          content {
            name  = metric_dimension.key
            value = metric_dimension.value
          }
        }
      }
    }
  }
}

resource "aws_autoscaling_policy" "predictive" {
  count = var.predictive_scaling == null ? 0 : 1

  name                   = "predictive"
  policy_type            = "PredictiveScaling"
  autoscaling_group_name = local.group.name

  predictive_scaling_configuration {
    mode                         = var.predictive_scaling.mode
    scheduling_buffer_time       = var.predictive_scaling.scheduling_buffer_time
    max_capacity_breach_behavior = "HonorMaxCapacity" # the other one raises the maximum for good

    metric_specification {
      target_value = var.predictive_scaling.target_value

      predefined_metric_pair_specification {
        predefined_metric_type = var.predictive_scaling.predefined_metric_pair_type
        resource_label         = var.predictive_scaling.resource_label
      }
    }
  }
}
