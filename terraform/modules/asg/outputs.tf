output "group_name" {
  description = "Name of the Auto Scaling group."
  value       = local.group.name
}

output "group_arn" {
  description = "ARN of the Auto Scaling group."
  value       = local.group.arn
}

output "live_schedule_count" {
  description = "Scheduled actions that stand on the group: of the 125 it may have."
  value       = length(local.live_schedules)
}

output "dropped_schedule_count" {
  description = "One-off schedules left out because they start in the past, or too soon."
  value       = length(var.workload.schedules) - length(local.live_schedules)
}

output "live_schedule_names" {
  description = "Names of the scheduled actions, sorted."
  value       = sort(keys(local.live_schedules))
}

output "size_owner" {
  description = "Who moves min_size and max_size: \"scaler\" or \"terraform\"."
  value       = var.size_owner
}

output "plan_id" {
  description = "The plan that the sizes come from."
  value       = var.meta.plan_id
}
