output "endpoints" {
  description = "Per workload: the endpoint and variant as scaler.yaml names it, and the scheduled actions on it."
  value = {
    for name, scaling in module.scaling : name => {
      target                 = join("/", [split("/", scaling.resource_id)[1], split("/", scaling.resource_id)[3]])
      live_schedule_count    = scaling.live_schedule_count
      dropped_schedule_count = scaling.dropped_schedule_count
    }
  }
}

output "plan_id" {
  description = "The plan that the sizes come from."
  value       = var.scaler_meta.plan_id
}
