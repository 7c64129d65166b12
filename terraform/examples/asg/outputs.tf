output "groups" {
  description = "Per workload: the group and the scheduled actions on it."
  value = {
    for name, group in module.workload : name => {
      group_name             = group.group_name
      group_arn              = group.group_arn
      live_schedule_count    = group.live_schedule_count
      dropped_schedule_count = group.dropped_schedule_count
    }
  }
}

output "plan_id" {
  description = "The plan that the sizes come from."
  value       = var.scaler_meta.plan_id
}
