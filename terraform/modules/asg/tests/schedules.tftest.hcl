# What becomes of the schedules. No AWS: the provider is mocked.

mock_provider "aws" {}

variables {
  name            = "checkout-api"
  subnet_ids      = ["subnet-1"]
  launch_template = { id = "lt-1", version = "1" }

  meta = {
    schema_version = "1.0"
    plan_id        = "plan-under-test"
    generated_at   = "2099-01-01T00:00:00Z"
    expires_at     = "2099-01-02T00:00:00Z"
  }

  workload = {
    min_size       = 2
    max_size       = 20
    instance_types = [{ instance_type = "m7i.large" }]

    schedules = {
      scaler-20200101T0000Z = { start_time = "2020-01-01T00:00:00Z", min_size = 3 }
      scaler-20990101T0000Z = { start_time = "2099-01-01T00:00:00Z", min_size = 4 }
      scaler-20990101T0100Z = { start_time = "2099-01-01T01:00:00Z", max_size = 9, min_size = 0 }
      weekly                = { recurrence = "0 8 * * 1-5", time_zone = "America/New_York", desired_capacity = 5 }
    }
  }
}

run "each_schedule_becomes_an_action" {
  command = plan

  assert {
    condition     = !contains(output.live_schedule_names, "scaler-20200101T0000Z")
    error_message = "A start in the past must not be planned."
  }

  assert {
    condition = (
      aws_autoscaling_schedule.this["scaler-20990101T0000Z"].min_size == 4 &&
      aws_autoscaling_schedule.this["scaler-20990101T0000Z"].max_size == -1 &&
      aws_autoscaling_schedule.this["scaler-20990101T0000Z"].desired_capacity == -1
    )
    error_message = "A size that is not given must be -1, never 0."
  }

  assert {
    condition     = aws_autoscaling_schedule.this["scaler-20990101T0100Z"].min_size == 0
    error_message = "A minimum of 0 must not be taken for an unset one."
  }

  assert {
    condition     = [for name, schedule in aws_autoscaling_schedule.this : "${schedule.recurrence} ${schedule.time_zone}" if startswith(name, "weekly-")] == ["0 8 * * 1-5 America/New_York"]
    error_message = "The time zone must reach the action."
  }

  assert {
    condition     = output.live_schedule_count == 3 && output.dropped_schedule_count == 1
    error_message = "Two one-offs and one recurring schedule are left of four."
  }
}

run "null_sizes_are_left_alone" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { start_time = "2099-01-01T00:00:00Z", min_size = 4, max_size = null, desired_capacity = null } }
    }
  }

  assert {
    condition     = aws_autoscaling_schedule.this["one"].max_size == -1 && aws_autoscaling_schedule.this["one"].desired_capacity == -1
    error_message = "null would reach AWS as 0."
  }
}

run "a_changed_recurrence_has_another_name" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { weekly = { recurrence = "0 9 * * 1-5", time_zone = "America/New_York", desired_capacity = 5 } }
    }
  }

  assert {
    condition     = length(setintersection(output.live_schedule_names, run.each_schedule_becomes_an_action.live_schedule_names)) == 0
    error_message = "A recurring schedule whose cron changed must be replaced, not updated."
  }

  assert {
    condition     = startswith(output.live_schedule_names[0], "weekly-")
    error_message = "The name given must still be recognisable."
  }
}

run "notice_can_be_longer" {
  command = plan

  variables {
    schedule_notice = "876000h" # a hundred years
  }

  assert {
    condition     = output.live_schedule_count == 1
    error_message = "One-offs within the notice must be left out; the recurring schedule stays."
  }
}

run "one_hundred_and_twenty_five_are_accepted" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { for hour in range(125) : "one-${hour}" => { start_time = timeadd("2099-01-01T00:00:00Z", "${hour}h"), min_size = 3 } }
    }
  }

  assert {
    condition     = output.live_schedule_count == 125
    error_message = "All 125 that a group may have must be planned."
  }
}
