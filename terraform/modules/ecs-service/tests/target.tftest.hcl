# The target that the module names, and the policy it has by default. No AWS: the provider is mocked.

mock_provider "aws" {}

variables {
  cluster_name = "shop"
  service_name = "web"

  meta = {
    schema_version = "1.0"
    plan_id        = "plan-under-test"
    generated_at   = "2099-01-01T00:00:00Z"
    expires_at     = "2099-01-02T00:00:00Z"
  }

  workload = {
    min_size       = 2
    max_size       = 20
    instance_types = []
    schedules      = { one = { start_time = "2099-01-01T00:00:00Z", min_size = 4, max_size = -1, desired_capacity = -1 } }
  }
}

run "the_target_has_its_schedules_and_a_policy" {
  command = plan

  assert {
    condition     = output.resource_id == "service/shop/web" && output.live_schedules == { one = "at(2099-01-01T00:00:00) UTC" }
    error_message = "The target must be the one named, with its schedule."
  }

  assert {
    condition     = output.size_owner == "scaler" && output.plan_id == "plan-under-test" && output.dropped_schedule_count == 0
    error_message = "Owner and plan must be told."
  }
}
