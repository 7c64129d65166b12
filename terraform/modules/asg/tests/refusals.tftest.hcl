# What the module refuses, each before anything is planned. No AWS: the provider is mocked.

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
  }
}

run "refuses_too_many_schedules" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { for hour in range(126) : "one-${hour}" => { start_time = timeadd("2099-01-01T00:00:00Z", "${hour}h"), min_size = 3 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_two_schedules_at_one_time" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { a = { start_time = "2099-01-01T00:00:00Z", min_size = 3 }, b = { start_time = "2099-01-01T00:00:00Z", min_size = 4 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_two_equal_recurrences" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { a = { recurrence = "0 8 * * *", min_size = 3 }, b = { recurrence = "0 8 * * *", time_zone = "Etc/UTC", min_size = 4 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_min_size_above_max_size" {
  command = plan

  variables {
    workload = {
      min_size       = 21
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
    }
  }

  expect_failures = [var.workload]
}

run "refuses_negative_min_size" {
  command = plan

  variables {
    workload = {
      min_size       = -1
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
    }
  }

  expect_failures = [var.workload]
}

run "refuses_fractional_size" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20.5
      instance_types = [{ instance_type = "m7i.large" }]
    }
  }

  expect_failures = [var.workload]
}

run "refuses_schedule_without_a_time" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { min_size = 3 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_schedule_with_two_times" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { start_time = "2099-01-01T00:00:00Z", recurrence = "0 8 * * *", min_size = 3 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_schedule_without_a_size" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { start_time = "2099-01-01T00:00:00Z" } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_schedule_with_min_above_max" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { start_time = "2099-01-01T00:00:00Z", min_size = 9, max_size = 8 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_schedule_with_desired_below_min" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { start_time = "2099-01-01T00:00:00Z", min_size = 9, desired_capacity = 8 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_schedule_above_every_max" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { start_time = "2099-01-01T00:00:00Z", min_size = 21 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_schedule_below_minus_one" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { start_time = "2099-01-01T00:00:00Z", min_size = -2, max_size = 4 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_schedule_in_local_time" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { start_time = "2099-01-01T00:00:00+01:00", min_size = 3 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_schedule_on_a_day_that_is_not" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { start_time = "2099-02-30T00:00:00Z", min_size = 3 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_time_zone_of_a_one_off" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { start_time = "2099-01-01T00:00:00Z", time_zone = "Europe/Berlin", min_size = 3 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_cron_of_six_fields" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { recurrence = "0 8 * * * *", min_size = 3 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_name_of_a_schedule" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { "a b" = { start_time = "2099-01-01T00:00:00Z", min_size = 3 } }
    }
  }

  expect_failures = [var.workload]
}

run "refuses_no_instance_types" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = []
    }
  }

  expect_failures = [var.workload]
}

run "refuses_an_instance_type_twice" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }, { instance_type = "m7i.large" }]
    }
  }

  expect_failures = [var.workload]
}

run "refuses_weight_of_zero" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large", weighted_capacity = 0 }]
    }
  }

  expect_failures = [var.workload]
}

run "refuses_not_an_instance_type" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i large" }]
    }
  }

  expect_failures = [var.workload]
}

run "refuses_percentage_above_100" {
  command = plan

  variables {
    workload = {
      min_size                                 = 2
      max_size                                 = 20
      instance_types                           = [{ instance_type = "m7i.large" }]
      on_demand_percentage_above_base_capacity = 101
    }
  }

  expect_failures = [var.workload]
}

run "refuses_unknown_strategy" {
  command = plan

  variables {
    workload = {
      min_size                 = 2
      max_size                 = 20
      instance_types           = [{ instance_type = "m7i.large" }]
      spot_allocation_strategy = "cheapest"
    }
  }

  expect_failures = [var.workload]
}

run "refuses_another_major_format" {
  command = plan

  variables {
    meta = {
      schema_version = "2.0"
      plan_id        = "plan-under-test"
      generated_at   = "2020-01-01T00:00:00Z"
      expires_at     = "2099-01-02T00:00:00Z"
    }
  }

  expect_failures = [var.meta]
}

run "refuses_an_expiry_that_is_no_time" {
  command = plan

  variables {
    meta = {
      schema_version = "1.0"
      plan_id        = "plan-under-test"
      generated_at   = "2020-01-01T00:00:00Z"
      expires_at     = "soon"
    }
  }

  expect_failures = [var.meta]
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

  expect_failures = [aws_autoscaling_group.sized_by_scaler]
}

run "refuses_a_stale_plan_of_terraforms_own_sizes" {
  command = plan

  variables {
    meta = {
      schema_version = "1.0"
      plan_id        = "plan-under-test"
      generated_at   = "2020-01-01T00:00:00Z"
      expires_at     = "2020-01-02T00:00:00Z"
    }
    size_owner = "terraform"
  }

  expect_failures = [aws_autoscaling_group.sized_by_terraform]
}

run "accepts_a_stale_plan_when_told_to" {
  command = plan

  variables {
    meta = {
      schema_version = "1.0"
      plan_id        = "plan-under-test"
      generated_at   = "2020-01-01T00:00:00Z"
      expires_at     = "2020-01-02T00:00:00Z"
    }
    allow_expired = true
  }

  assert {
    condition     = output.plan_id == "plan-under-test"
    error_message = "allow_expired must let it through."
  }
}

run "refuses_a_size_above_the_ceiling" {
  command = plan

  variables {
    max_size_ceiling = 19
  }

  expect_failures = [aws_autoscaling_group.sized_by_scaler]
}

run "refuses_a_schedule_above_the_ceiling" {
  command = plan

  variables {
    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { start_time = "2099-01-01T00:00:00Z", max_size = 1001 } }
    }
  }

  expect_failures = [aws_autoscaling_group.sized_by_scaler]
}

run "refuses_a_name_with_a_template" {
  command = plan

  variables {
    name = "checkout$${1}"
  }

  expect_failures = [var.name]
}

run "refuses_a_name_with_a_newline" {
  command = plan

  variables {
    name = "checkout\napi"
  }

  expect_failures = [var.name]
}

run "refuses_another_owner" {
  command = plan

  variables {
    size_owner = "nobody"
  }

  expect_failures = [var.size_owner]
}

run "refuses_a_notice_into_the_past" {
  command = plan

  variables {
    schedule_notice = "-2m"
  }

  expect_failures = [var.schedule_notice]
}
