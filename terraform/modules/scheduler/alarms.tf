locals {
  own_topic = var.alarm_topic == null
  topic_arn = local.own_topic ? aws_sns_topic.alarms[0].arn : var.alarm_topic.arn

  # Figures are kept by the mode of the run.
  modes = toset([for event in values(local.events) : event.mode])
}

resource "aws_sns_topic" "alarms" {
  count = local.own_topic ? 1 : 0

  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

data "aws_iam_policy_document" "alarms" {
  count = local.own_topic ? 1 : 0

  statement {
    sid       = "AlarmsOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms[0].arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  count = local.own_topic ? 1 : 0

  arn    = aws_sns_topic.alarms[0].arn
  policy = data.aws_iam_policy_document.alarms[0].json
}

resource "aws_sns_topic_subscription" "email" {
  for_each = local.own_topic ? var.alarm_emails : []

  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_metric_alarm" "silent" {
  for_each = var.alarms.silent_periods == 0 ? [] : local.modes

  alarm_name          = "${var.name}-${each.key}-silent"
  alarm_description   = "No run of scaler (${each.key}) has ended for ${var.alarms.silent_periods} periods of ${var.alarms.period_seconds} s. Capacity stays at the floors of the last plan until it expires."
  namespace           = "scaler"
  metric_name         = "scaler_run_exit_code"
  dimensions          = { project = var.alarms.project, command = each.key }
  statistic           = "SampleCount"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = var.alarms.period_seconds
  evaluation_periods  = var.alarms.silent_periods
  treat_missing_data  = "breaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "refused" {
  for_each = var.alarms.refused_workloads == 0 ? [] : local.modes

  alarm_name          = "${var.name}-${each.key}-refused"
  alarm_description   = "scaler (${each.key}) refused to move workloads: something about their data, limits or state is in doubt. The log names each, why, and what to do."
  namespace           = "scaler"
  metric_name         = "scaler_run_refused_workloads"
  dimensions          = { project = var.alarms.project, command = each.key }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.alarms.refused_workloads
  period              = var.alarms.period_seconds
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "degraded" {
  for_each = var.alarms.degraded_workloads == 0 ? [] : local.modes

  alarm_name          = "${var.name}-${each.key}-degraded"
  alarm_description   = "scaler (${each.key}) planned workloads with a fallback, such as a baseline model, in two periods in a row."
  namespace           = "scaler"
  metric_name         = "scaler_run_degraded_workloads"
  dimensions          = { project = var.alarms.project, command = each.key }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.alarms.degraded_workloads
  period              = var.alarms.period_seconds
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = aws_lambda_function.this

  alarm_name          = "${each.value.function_name}-errors"
  alarm_description   = "A run of ${each.value.function_name} failed, or ran out of time. It is run again; what was written stands."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = each.value.function_name }
  statistic           = "Sum"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  period              = var.alarms.period_seconds
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${var.name}-dead-letters"
  alarm_description   = "Events of scaler failed for good: they wait in ${aws_sqs_queue.dead_letters.name}."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags
}
