output "aliases" {
  description = "Per workload: the function and alias as scaler.yaml names it, and the scheduled actions on it."
  value = {
    for name, scaling in module.scaling : name => {
      target                 = trimprefix(scaling.resource_id, "function:")
      live_schedule_count    = scaling.live_schedule_count
      dropped_schedule_count = scaling.dropped_schedule_count
    }
  }
}

output "plan_id" {
  description = "The plan that the sizes come from."
  value       = var.scaler_meta.plan_id
}
