# What is planned in each mode, and what is refused. No AWS: who asks is made up, and nothing is looked up.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.permissions.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

variables {
  image_uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/scaler:1.0"
  config    = "version: 1"
}

run "by_default_nothing_can_change_capacity" {
  command = plan

  assert {
    condition     = keys(aws_lambda_function.this) == ["plan"] && keys(aws_iam_role_policy.function) == ["plan-plan"]
    error_message = "One function, with the policy of plans."
  }

  assert {
    condition     = aws_lambda_function.this["plan"].environment[0].variables == tomap({ SCALER_CONFIG = "s3://scaler-123456789012-eu-west-1/config/scaler.yaml", SCALER_MODE = "plan", SCALER_STORE = "s3://scaler-123456789012-eu-west-1/forecasts" })
    error_message = "The function is told where its configuration and store are."
  }

  assert {
    condition     = aws_scheduler_schedule.this["hourly"].target[0].input == "{\"execution_id\":\"<aws.scheduler.execution-id>\",\"mode\":\"plan\",\"scheduled_time\":\"<aws.scheduler.scheduled-time>\"}"
    error_message = "EventBridge Scheduler replaces its keywords only as they are, not as escapes."
  }

  assert {
    condition     = jsondecode(aws_iam_role.function["plan"].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "Lambda may take the role for functions of this account alone."
  }

  assert {
    condition     = output.alarm_names == tolist(["scaler-dead-letters", "scaler-plan-degraded", "scaler-plan-errors", "scaler-plan-refused", "scaler-plan-silent"])
    error_message = "Each way to fail has its alarm."
  }
}

run "approval_splits_the_roles" {
  command = plan

  variables {
    mode = "approve"
  }

  assert {
    condition     = keys(aws_iam_role_policy.function) == ["apply-apply", "plan-plan"] && [for event in values(local.events) : event.mode] == ["plan"]
    error_message = "The function that applies has the policy of applying alone, and no schedule starts it."
  }

  assert {
    condition     = [for key, function in aws_lambda_function.this : key if lookup(function.environment[0].variables, "SCALER_APPROVED_ONLY", "") == "1"] == ["apply"]
    error_message = "The function that applies makes no plan of its own, whatever starts it."
  }
}

run "applying_with_updates_between" {
  command = plan

  variables {
    mode        = "apply"
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0123"
    alarm_topic = { arn = "arn:aws:sns:eu-west-1:123456789012:ours" }

    permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"

    additional_policy_arns = { vpc = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole" }

    schedules = {
      full    = { expression = "cron(5 * * * ? *)", workloads = ["checkout-*"] }
      rolling = { expression = "rate(15 minutes)", rolling = true, flexible_window_minutes = 5 }
    }
  }

  assert {
    condition     = { for name, event in local.events : name => event.mode } == { full = "apply", rolling = "run" } && local.events.full.workload == tolist(["checkout-*"])
    error_message = "A rolling schedule is one of updates."
  }

  assert {
    condition     = length([for alarm in output.alarm_names : alarm if endswith(alarm, "-silent")]) == 2
    error_message = "Each mode is missed by itself."
  }

  assert {
    condition     = length(aws_sns_topic.alarms) == 0 && aws_cloudwatch_metric_alarm.dead_letters.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:ours"])
    error_message = "Alarms go to the topic that is given."
  }

  assert {
    condition     = keys(aws_iam_role_policy_attachment.function) == ["apply-vpc"]
    error_message = "More policies are attached to the role of each function."
  }

  assert {
    condition     = aws_sqs_queue.dead_letters.kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/0123" && one(aws_s3_bucket_server_side_encryption_configuration.store.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    error_message = "A key of one's own is used for all that is kept."
  }

  assert {
    condition     = toset([for kept in [aws_cloudwatch_log_group.this["apply"].kms_key_id, aws_lambda_function.this["apply"].kms_key_arn, aws_scheduler_schedule.this["full"].kms_key_arn] : kept]) == toset(["arn:aws:kms:eu-west-1:123456789012:key/0123"])
    error_message = "The log, the function's variables and what schedules send are encrypted with it, too."
  }

  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.function), [aws_iam_role.schedule]) : role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"])
    error_message = "Every role has the boundary."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.schedule_key[0].policy).Statement : [statement.Action, statement.Resource, statement.Condition] if statement.Sid == "ReadSchedulesWithKey"] == [[
      "kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/0123",
      { StringLike = { "kms:EncryptionContext:aws:scheduler:schedule:arn" = "arn:aws:scheduler:eu-west-1:123456789012:schedule/scaler/*" } },
    ]]
    error_message = "Without the right to decrypt what its schedules send, nothing would ever start."
  }
}

run "updates_move_capacity" {
  command = plan

  variables {
    schedules = { rolling = { expression = "rate(15 minutes)", rolling = true } }
  }

  expect_failures = [aws_lambda_function.this]
}

run "one_configuration" {
  command = plan

  variables {
    config_uri = "s3://acme/scaler.yaml"
  }

  expect_failures = [aws_lambda_function.this]
}

run "values_that_aws_would_refuse" {
  command = plan

  variables {
    name               = "Scaler"
    image_uri          = "docker.io/scaler:1.0"
    architecture       = "riscv"
    memory_size        = 128
    timeout            = 901
    mode               = "everything"
    schedules          = { hourly = { expression = "every hour" } }
    log_retention_days = 2
    store_prefix       = "config"
    environment        = { SCALER_MODE = "apply" }
    alarms             = { period_seconds = 300, silent_periods = 400 }
    retry              = { runs = 3 }
  }

  expect_failures = [
    var.name, var.image_uri, var.architecture, var.memory_size, var.timeout, var.mode, var.schedules,
    var.log_retention_days, var.store_prefix, var.environment, var.alarms, var.retry,
  ]
}

run "a_tag_that_moves" {
  command = plan

  variables {
    image_uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/scaler:latest"
  }

  expect_failures = [var.image_uri]
}
