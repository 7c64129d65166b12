output "function_names" {
  description = "Names of the functions: plan, and apply where there is one."
  value       = { for key, function in aws_lambda_function.this : key => function.function_name }
}

output "function_arns" {
  description = "ARNs of the functions."
  value       = { for key, function in aws_lambda_function.this : key => function.arn }
}

output "role_arns" {
  description = "ARNs of the roles of the functions."
  value       = { for key, role in aws_iam_role.function : key => role.arn }
}

output "policies" {
  description = "The policies plan, apply and operator for these targets and features, as JSON: for pipelines, and for people who run scaler."
  value       = { plan = module.permissions.plan, apply = module.permissions.apply, operator = module.permissions.operator }
}

output "store" {
  description = "The store, as the configuration names it."
  value       = local.store
}

output "bucket" {
  description = "Name of the bucket of the store."
  value       = aws_s3_bucket.store.id
}

output "schedule_names" {
  description = "Names of the schedules, in the group of the module's name."
  value       = { for key, schedule in aws_scheduler_schedule.this : key => schedule.name }
}

output "events" {
  description = "What each schedule sends to the function."
  value       = { for key, schedule in aws_scheduler_schedule.this : key => schedule.target[0].input }
}

output "dead_letter_queue_url" {
  description = "Queue of the events that failed for good."
  value       = aws_sqs_queue.dead_letters.url
}

output "alarm_topic_arn" {
  description = "Topic that the alarms are sent to."
  value       = local.topic_arn
}

output "alarm_names" {
  description = "Names of the alarms."
  value = sort(concat(
    [for alarm in aws_cloudwatch_metric_alarm.silent : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.refused : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.degraded : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.errors : alarm.alarm_name],
    [aws_cloudwatch_metric_alarm.dead_letters.alarm_name],
  ))
}

output "log_group_names" {
  description = "Log groups of the functions."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.name }
}
