# The target that the module names. No AWS: the provider is mocked.

mock_provider "aws" {}

variables {
  endpoint_name   = "ranker"
  target_tracking = { invocations = { target_value = 600 } }

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

run "a_variant_is_the_target" {
  command = plan

  assert {
    condition     = output.resource_id == "endpoint/ranker/variant/AllTraffic" && output.live_schedules == { one = "at(2099-01-01T00:00:00) UTC" }
    error_message = "The target must be the variant, with its schedule."
  }
}

run "an_inference_component_can_be_the_target" {
  command = plan

  variables {
    inference_component_name = "llama"
    target_tracking          = {}
  }

  assert {
    condition     = output.resource_id == "inference-component/llama"
    error_message = "The target must be the inference component."
  }
}
