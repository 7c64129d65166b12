locals {
  # A one-off that has passed would be refused, or would be planned again after it has fired.
  # Compared at plan time, so a saved plan stays what was reviewed.
  one_offs = {
    for name, schedule in var.workload.schedules : name => {
      # Written without its Z: at() takes a wall time, and the time zone beside it says UTC.
      schedule = "at(${trimsuffix(schedule.start_time, "Z")})"
      timezone = "UTC"
      min      = schedule.min_size
      max      = schedule.max_size
    }
    if schedule.start_time == null ? false : timecmp(schedule.start_time, timeadd(plantimestamp(), var.schedule_notice)) > 0
  }

  # EC2 Auto Scaling takes the five fields of crontab(5). Application Auto Scaling takes six, counts
  # the days of the week from 1, and wants a ? in one of the two fields of days: hence names for days.
  day_names   = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
  day_numbers = merge({ for number, name in local.day_names : name => number }, { for number in range(8) : tostring(number) => number })

  cron = { for name, schedule in var.workload.schedules : name => split(" ", upper(schedule.recurrence)) if schedule.recurrence != null }

  cron_days = {
    for name, fields in local.cron : name => distinct(sort(flatten([
      for part in split(",", fields[4]) : [
        for number in range(
          startswith(part, "*") ? 0 : local.day_numbers[split("-", split("/", part)[0])[0]],
          1 + (startswith(part, "*") ? 6 : local.day_numbers[reverse(split("-", split("/", part)[0]))[0]]),
          length(split("/", part)) == 2 ? tonumber(split("/", part)[1]) : 1
        ) : tostring(number % 7)
      ]
    ])))
  }

  recurring = {
    for name, fields in local.cron : name => {
      schedule = format("cron(%s %s %s %s %s *)",
        replace(fields[0], "*/", "0/"),
        replace(fields[1], "*/", "0/"),
        length(local.cron_days[name]) == 7 ? replace(fields[2], "*/", "1/") : "?",
        replace(fields[3], "*/", "1/"),
        length(local.cron_days[name]) == 7 ? "?" : join(",", [for number in local.cron_days[name] : local.day_names[tonumber(number)]]),
      )
      timezone = coalesce(var.workload.schedules[name].time_zone, "UTC")
      min      = var.workload.schedules[name].min_size
      max      = var.workload.schedules[name].max_size
    }
  }

  live_schedules = merge(local.one_offs, local.recurring)

  largest_size = max(
    var.workload.max_size,
    concat([0], values(var.workload.schedules)[*].min_size, values(var.workload.schedules)[*].max_size)...
  )

  plan_is_fresh   = var.allow_expired || timecmp(var.meta.expires_at, plantimestamp()) > 0
  expired_message = "The plan ${var.meta.plan_id} expired at ${var.meta.expires_at}. Run `scaler plan` to write fresh variables, or set allow_expired = true to use these."
  ceiling_message = "A size of ${local.largest_size} is above max_size_ceiling = ${var.max_size_ceiling}. Check the plan, or raise max_size_ceiling."

  target = one(concat(aws_appautoscaling_target.sized_by_scaler, aws_appautoscaling_target.sized_by_terraform))
}

# The two targets are alike but for ignore_changes, which cannot depend on a variable.

resource "aws_appautoscaling_target" "sized_by_scaler" {
  count = var.size_owner == "scaler" ? 1 : 0

  service_namespace  = var.service_namespace
  resource_id        = var.resource_id
  scalable_dimension = var.scalable_dimension
  min_capacity       = var.workload.min_size
  max_capacity       = var.workload.max_size
  tags               = var.tags

  lifecycle {
    # Schedules and `scaler apply` move the sizes, and registering anew would clamp capacity at once.
    ignore_changes = [max_capacity, min_capacity]

    precondition {
      condition     = local.plan_is_fresh
      error_message = local.expired_message
    }

    precondition {
      condition     = local.largest_size <= var.max_size_ceiling
      error_message = local.ceiling_message
    }
  }
}

resource "aws_appautoscaling_target" "sized_by_terraform" {
  count = var.size_owner == "terraform" ? 1 : 0

  service_namespace  = var.service_namespace
  resource_id        = var.resource_id
  scalable_dimension = var.scalable_dimension
  min_capacity       = var.workload.min_size
  max_capacity       = var.workload.max_size
  tags               = var.tags

  lifecycle {
    precondition {
      condition     = local.plan_is_fresh
      error_message = local.expired_message
    }

    precondition {
      condition     = local.largest_size <= var.max_size_ceiling
      error_message = local.ceiling_message
    }
  }
}

resource "aws_appautoscaling_scheduled_action" "this" {
  for_each = local.live_schedules

  name               = each.key
  service_namespace  = local.target.service_namespace
  resource_id        = local.target.resource_id
  scalable_dimension = local.target.scalable_dimension
  schedule           = each.value.schedule
  timezone           = each.value.timezone

  scalable_target_action {
    # Here null leaves a size alone; 0 is a size.
    min_capacity = each.value.min < 0 ? null : each.value.min
    max_capacity = each.value.max < 0 ? null : each.value.max
  }
}

resource "aws_appautoscaling_policy" "target_tracking" {
  for_each = var.target_tracking

  name               = each.key
  policy_type        = "TargetTrackingScaling"
  service_namespace  = local.target.service_namespace
  resource_id        = local.target.resource_id
  scalable_dimension = local.target.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.target_value
    disable_scale_in   = each.value.disable_scale_in
    scale_in_cooldown  = each.value.scale_in_cooldown
    scale_out_cooldown = each.value.scale_out_cooldown

    dynamic "predefined_metric_specification" {
      for_each = each.value.metric == null ? [each.value] : []

      content {
        predefined_metric_type = predefined_metric_specification.value.predefined_metric_type
        resource_label         = predefined_metric_specification.value.resource_label
      }
    }

    dynamic "customized_metric_specification" {
      for_each = each.value.metric == null ? [] : [each.value.metric]

      content {
        namespace   = customized_metric_specification.value.namespace
        metric_name = customized_metric_specification.value.name
        statistic   = customized_metric_specification.value.statistic
        unit        = customized_metric_specification.value.unit

        dynamic "dimensions" {
          for_each = customized_metric_specification.value.dimensions

          content {
            name  = dimensions.key
            value = dimensions.value
          }
        }
      }
    }
  }
}
