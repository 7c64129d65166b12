resource "aws_scheduler_schedule_group" "this" {
  name = var.name
  tags = var.tags
}

data "aws_iam_policy_document" "schedule" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_scheduler_schedule_group.this.arn]
    }
  }
}

data "aws_iam_policy_document" "start" {
  statement {
    sid       = "StartFunction"
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.this[local.scheduled].arn]
  }

  statement {
    sid       = "SendDeadLetters"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters.arn]
  }
}

# Scheduler decrypts what a schedule sends, and encrypts what goes into the queue, as the role of the schedule.
data "aws_iam_policy_document" "schedule_key" {
  count = var.kms_key_arn == null ? 0 : 1

  statement {
    sid       = "ReadSchedulesWithKey"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:scheduler:schedule:arn"
      values   = ["arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule/${var.name}/*"]
    }
  }

  statement {
    sid       = "WriteDeadLettersWithKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values   = ["sqs.*.amazonaws.com*"]
    }
  }
}

resource "aws_iam_role" "schedule" {
  name                 = "${var.name}-schedule-${local.region}"
  description          = "Starts scaler on its schedules."
  assume_role_policy   = data.aws_iam_policy_document.schedule.json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "schedule" {
  name   = "start"
  role   = aws_iam_role.schedule.id
  policy = data.aws_iam_policy_document.start.json
}

resource "aws_iam_role_policy" "schedule_key" {
  count = var.kms_key_arn == null ? 0 : 1

  name   = "key"
  role   = aws_iam_role.schedule.id
  policy = data.aws_iam_policy_document.schedule_key[0].json
}

locals {
  # What scaler.aws_lambda.handler reads. A retry has the same scheduled time, so it is the same run.
  events = {
    for name, schedule in var.schedules : name => merge(
      {
        mode           = var.mode != "apply" ? "plan" : schedule.rolling ? "run" : "apply"
        scheduled_time = "<aws.scheduler.scheduled-time>"
        execution_id   = "<aws.scheduler.execution-id>"
      },
      length(schedule.workloads) == 0 ? {} : { workload = schedule.workloads },
    )
  }
}

resource "aws_scheduler_schedule" "this" {
  for_each = var.schedules

  name                         = "${var.name}-${each.key}"
  group_name                   = aws_scheduler_schedule_group.this.name
  schedule_expression          = each.value.expression
  schedule_expression_timezone = each.value.timezone
  state                        = each.value.enabled ? "ENABLED" : "DISABLED"
  kms_key_arn                  = var.kms_key_arn

  flexible_time_window {
    mode                      = each.value.flexible_window_minutes == 0 ? "OFF" : "FLEXIBLE"
    maximum_window_in_minutes = each.value.flexible_window_minutes == 0 ? null : each.value.flexible_window_minutes
  }

  target {
    arn      = aws_lambda_function.this[local.scheduled].arn
    role_arn = aws_iam_role.schedule.arn

    # jsonencode writes < and > as escapes, which Scheduler does not take for its keywords.
    input = replace(replace(jsonencode(local.events[each.key]), "\\u003c", "<"), "\\u003e", ">")

    retry_policy {
      maximum_event_age_in_seconds = var.retry.maximum_event_age
      maximum_retry_attempts       = var.retry.deliveries
    }

    dead_letter_config {
      arn = aws_sqs_queue.dead_letters.arn
    }
  }

  depends_on = [aws_iam_role_policy.schedule, aws_iam_role_policy.schedule_key]
}
