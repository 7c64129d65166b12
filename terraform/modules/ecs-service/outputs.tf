output "resource_id" {
  description = "The scalable target, as Application Auto Scaling names it."
  value       = module.scaling.resource_id
}

output "target_arn" {
  description = "ARN of the scalable target."
  value       = module.scaling.target_arn
}

output "live_schedule_count" {
  description = "Scheduled actions that stand on the target: of the 200 it may have."
  value       = module.scaling.live_schedule_count
}

output "dropped_schedule_count" {
  description = "One-off schedules left out because they start in the past, or too soon."
  value       = module.scaling.dropped_schedule_count
}

output "live_schedules" {
  description = "Each scheduled action as Application Auto Scaling takes it, at(…) or cron(…), with its time zone."
  value       = module.scaling.live_schedules
}

output "size_owner" {
  description = "Who moves min_capacity and max_capacity: \"scaler\" or \"terraform\"."
  value       = var.size_owner
}

output "plan_id" {
  description = "The plan that the sizes come from."
  value       = var.meta.plan_id
}
