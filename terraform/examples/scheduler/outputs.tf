output "store" {
  description = "The store, for  store:  of scaler.yaml on your own machine."
  value       = module.scheduler.store
}

output "function_names" {
  description = "The functions, for  aws lambda invoke."
  value       = module.scheduler.function_names
}

output "events" {
  description = "What each schedule sends."
  value       = module.scheduler.events
}

output "policies" {
  description = "The policies plan, apply and operator, as JSON."
  value       = module.scheduler.policies
}
