output "plan" {
  description = "Policy that reads all that a plan needs, and writes to nothing but scaler's own store, topics and log."
  value       = length(local.chosen.plan) == 0 ? null : data.aws_iam_policy_document.this["plan"].json
}

output "apply" {
  description = "Policy that applies a plan to targets with the tag, and reads no more than that takes. Whoever plans and applies needs both."
  value       = length(local.chosen.apply) == 0 ? null : data.aws_iam_policy_document.this["apply"].json
}

output "operator" {
  description = "Policy of what only people call: scaler init, scaler catalog, scaler replay --with-aws-forecast; null without such a feature."
  value       = length(local.chosen.operator) == 0 ? null : data.aws_iam_policy_document.this["operator"].json
}
