output "resource_id" {
  description = "The scalable target, as Application Auto Scaling names it."
  value       = local.target.resource_id
}

output "target_arn" {
  description = "ARN of the scalable target."
  value       = local.target.arn
}

output "live_schedule_count" {
  description = "Scheduled actions that stand on the target: of the 200 it may have."
  value       = length(local.live_schedules)
}

output "dropped_schedule_count" {
  description = "One-off schedules left out because they start in the past, or too soon."
  value       = length(var.workload.schedules) - length(local.live_schedules)
}

output "live_schedules" {
  description = "Each scheduled action as Application Auto Scaling takes it, at(…) or cron(…), with its time zone."
  value       = { for name, schedule in local.live_schedules : name => "${schedule.schedule} ${schedule.timezone}" }
}

output "size_owner" {
  description = "Who moves min_capacity and max_capacity: \"scaler\" or \"terraform\"."
  value       = var.size_owner
}

output "plan_id" {
  description = "The plan that the sizes come from."
  value       = var.meta.plan_id
}
