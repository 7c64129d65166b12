# What becomes of sizes, schedules and policies. No AWS: the provider is mocked.

mock_provider "aws" {}

variables {
  service_namespace  = "ecs"
  resource_id        = "service/shop/web"
  scalable_dimension = "ecs:service:DesiredCount"
  target_tracking    = { cpu = { target_value = 60, predefined_metric_type = "ECSServiceAverageCPUUtilization" } }

  meta = {
    schema_version = "1.3"
    plan_id        = "plan-under-test"
    generated_at   = "2099-01-01T00:00:00Z"
    expires_at     = "2099-01-02T00:00:00Z"
  }

  workload = {
    min_size = 2
    max_size = 20

    schedules = {
      scaler-20200101T0000Z = { start_time = "2020-01-01T00:00:00Z", min_size = 3 }
      scaler-20990101T0000Z = { start_time = "2099-01-01T00:00:00Z", min_size = 4 }
      scaler-20990101T0100Z = { start_time = "2099-01-01T01:00:00Z", min_size = 0, max_size = 9 }
      working-days          = { recurrence = "0 8 * * 1-5", time_zone = "America/New_York", min_size = 5 }
      weekend               = { recurrence = "30 9 * * 6,7", time_zone = "Europe/Berlin", min_size = 1 }
      weekend-by-name       = { recurrence = "31 9 * * Sat,Sun", min_size = 1 }
      friday-to-sunday      = { recurrence = "0 20 * * 5-7", min_size = 1 }
      every-other-day       = { recurrence = "0 20 * * */2", min_size = 1 }
      quarters              = { recurrence = "*/15 */6 * * *", min_size = 1 }
      of-the-month          = { recurrence = "0 6 1,*/10 JAN,*/3 *", min_size = 1 }
      whole-week            = { recurrence = "0 5 * * 0-6", min_size = 1 }
    }
  }
}

run "each_schedule_becomes_an_action" {
  command = plan

  assert {
    condition = output.live_schedules == {
      scaler-20990101T0000Z = "at(2099-01-01T00:00:00) UTC"
      scaler-20990101T0100Z = "at(2099-01-01T01:00:00) UTC"
      working-days          = "cron(0 8 ? * MON,TUE,WED,THU,FRI *) America/New_York"
      weekend               = "cron(30 9 ? * SUN,SAT *) Europe/Berlin"
      weekend-by-name       = "cron(31 9 ? * SUN,SAT *) UTC"
      friday-to-sunday      = "cron(0 20 ? * SUN,FRI,SAT *) UTC"
      every-other-day       = "cron(0 20 ? * SUN,TUE,THU,SAT *) UTC"
      quarters              = "cron(0/15 0/6 * * ? *) UTC"
      of-the-month          = "cron(0 6 1,1/10 JAN,1/3 ? *) UTC"
      whole-week            = "cron(0 5 * * ? *) UTC"
    }
    error_message = "Times and crons must be those that Application Auto Scaling takes, and mean the same."
  }

  assert {
    condition = (
      aws_appautoscaling_scheduled_action.this["working-days"].schedule == "cron(0 8 ? * MON,TUE,WED,THU,FRI *)" &&
      aws_appautoscaling_scheduled_action.this["working-days"].timezone == "America/New_York"
    )
    error_message = "Cron and time zone must reach the action."
  }

  assert {
    condition = (
      aws_appautoscaling_scheduled_action.this["scaler-20990101T0000Z"].scalable_target_action[0].min_capacity == "4" &&
      aws_appautoscaling_scheduled_action.this["scaler-20990101T0000Z"].scalable_target_action[0].max_capacity == null &&
      aws_appautoscaling_scheduled_action.this["scaler-20990101T0100Z"].scalable_target_action[0].min_capacity == "0"
    )
    error_message = "A size that is not given must be left alone, and 0 is a size."
  }

  assert {
    condition     = output.live_schedule_count == 10 && output.dropped_schedule_count == 1
    error_message = "The one-off in the past must be left out, and counted."
  }

  assert {
    condition = (
      length(aws_appautoscaling_target.sized_by_scaler) == 1 && length(aws_appautoscaling_target.sized_by_terraform) == 0 &&
      aws_appautoscaling_target.sized_by_scaler[0].min_capacity == 2 && aws_appautoscaling_target.sized_by_scaler[0].max_capacity == 20
    )
    error_message = "By default Terraform must not put sizes back."
  }

  assert {
    condition     = aws_appautoscaling_policy.target_tracking["cpu"].target_tracking_scaling_policy_configuration[0].target_value == 60
    error_message = "The policy must stand beside the schedules."
  }
}

run "terraform_can_own_the_sizes" {
  command = plan

  variables {
    size_owner = "terraform"

    target_tracking = {
      queue = { target_value = 12, metric = { namespace = "Shop", name = "BacklogPerTask", dimensions = { Queue = "orders" } } }
    }
  }

  assert {
    condition     = length(aws_appautoscaling_target.sized_by_scaler) == 0 && aws_appautoscaling_target.sized_by_terraform[0].max_capacity == 20
    error_message = "There must be one target, with both sizes."
  }

  assert {
    condition = (
      length(aws_appautoscaling_policy.target_tracking["queue"].target_tracking_scaling_policy_configuration[0].predefined_metric_specification) == 0 &&
      aws_appautoscaling_policy.target_tracking["queue"].target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].metric_name == "BacklogPerTask"
    )
    error_message = "A metric given must take the place of the predefined one."
  }
}

run "two_hundred_are_accepted_and_no_policy" {
  command = plan

  variables {
    target_tracking = {}

    workload = {
      min_size  = 2
      max_size  = 20
      schedules = { for hour in range(200) : "one-${hour}" => { start_time = timeadd("2099-01-01T00:00:00Z", "${hour}h"), min_size = 3 } }
    }
  }

  assert {
    condition     = output.live_schedule_count == 200 && length(aws_appautoscaling_policy.target_tracking) == 0
    error_message = "All 200 that a target may have must be planned."
  }
}

run "refuses_a_stale_plan" {
  command = plan

  variables {
    meta = {
      schema_version = "1.0"
      plan_id        = "plan-under-test"
      generated_at   = "2020-01-01T00:00:00Z"
      expires_at     = "2020-01-02T00:00:00Z"
    }
  }

  expect_failures = [aws_appautoscaling_target.sized_by_scaler]
}

run "refuses_a_size_above_the_ceiling" {
  command = plan

  variables {
    max_size_ceiling = 19
    size_owner       = "terraform"
  }

  expect_failures = [aws_appautoscaling_target.sized_by_terraform]
}
