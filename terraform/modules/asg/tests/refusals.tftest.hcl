# What the module refuses by a precondition, before anything changes. No AWS: the provider is mocked.
# The validations of the variables are tested in tests/terraform/test_refusals.py, message by message.

mock_provider "aws" {}

variables {
  name            = "checkout-api"
  subnet_ids      = ["subnet-1"]
  launch_template = { id = "lt-1", version = "1" }

  meta = {
    schema_version = "1.0"
    plan_id        = "plan-under-test"
    generated_at   = "2020-01-01T00:00:00Z"
    expires_at     = "2020-01-02T00:00:00Z"
  }

  workload = {
    min_size       = 2
    max_size       = 20
    instance_types = [{ instance_type = "m7i.large" }]
  }
}

run "refuses_a_stale_plan" {
  command = plan

  expect_failures = [aws_autoscaling_group.sized_by_scaler]
}

run "refuses_a_stale_plan_of_terraforms_own_sizes" {
  command = plan

  variables {
    size_owner = "terraform"
  }

  expect_failures = [aws_autoscaling_group.sized_by_terraform]
}

run "accepts_a_stale_plan_when_told_to" {
  command = plan

  variables {
    allow_expired = true
  }

  assert {
    condition     = output.plan_id == "plan-under-test"
    error_message = "allow_expired must let it through."
  }
}

run "refuses_a_schedule_above_the_ceiling" {
  command = plan

  variables {
    allow_expired = true

    workload = {
      min_size       = 2
      max_size       = 20
      instance_types = [{ instance_type = "m7i.large" }]
      schedules      = { one = { start_time = "2099-01-01T00:00:00Z", max_size = 1001 } }
    }
  }

  expect_failures = [aws_autoscaling_group.sized_by_scaler]
}

run "refuses_a_warm_pool_beside_spot" {
  command = plan

  variables {
    allow_expired = true
    warm_pool     = {}

    workload = {
      min_size                                 = 2
      max_size                                 = 20
      on_demand_percentage_above_base_capacity = 40
      instance_types                           = [{ instance_type = "m7i.large" }]
    }
  }

  expect_failures = [aws_autoscaling_group.sized_by_scaler]
}
