variable "targets" {
  description = "Kinds of targets in the configuration: asg, ecs, sagemaker, lambda."
  type        = set(string)
  default     = ["asg"]
  nullable    = false

  validation {
    condition     = alltrue([for target in var.targets : contains(["asg", "ecs", "lambda", "sagemaker"], target)])
    error_message = "targets may hold asg, ecs, lambda and sagemaker."
  }
}

variable "features" {
  description = "What the configuration uses. For plans: cloudwatch, instance_types, lead_time, preflight, spot_fallback. For applying: lower_desired, mixed_instances_policy, require_tag, scaling_policies. For commands that people run: aws_forecast, catalog, commitments, init, quotas."
  type        = set(string)
  default     = ["cloudwatch", "instance_types", "lead_time", "preflight", "require_tag"]
  nullable    = false

  validation {
    condition = alltrue([for feature in var.features : contains([
      "aws_forecast", "catalog", "cloudwatch", "commitments", "init", "instance_types", "lead_time", "lower_desired",
      "mixed_instances_policy", "preflight", "quotas", "require_tag", "scaling_policies", "spot_fallback",
    ], feature)])
    error_message = "features may hold aws_forecast, catalog, cloudwatch, commitments, init, instance_types, lead_time, lower_desired, mixed_instances_policy, preflight, quotas, require_tag, scaling_policies and spot_fallback."
  }
}

variable "tag" {
  description = "The tag that a group, scalable target, service, endpoint or function must have, so that it may be written to."
  type        = object({ key = string, value = string })
  default     = { key = "scaler:managed", value = "true" }
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9 _.:/=+@-]{1,128}$", var.tag.key)) && !startswith(lower(var.tag.key), "aws:") && can(regex("^[A-Za-z0-9 _.:/=+@-]{1,256}$", var.tag.value))
    error_message = "tag must have a key and a value as AWS takes them; a wildcard would match the tags of others."
  }
}

variable "regions" {
  description = "Regions of the targets; the provider's if empty."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "store_bucket" {
  description = "Bucket of the store, and of nothing that may not be listed; null for a store that is not in S3."
  type        = string
  default     = null
}

variable "store_prefix" {
  description = "Prefix of the store in its bucket."
  type        = string
  default     = ""
  nullable    = false
}

variable "store_key_arn" {
  description = "KMS key that the store is encrypted with, if it is one of your own."
  type        = string
  default     = null
}

variable "config_object_arns" {
  description = "ARN of the object that holds the configuration, where it is in S3 and outside the store."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "notice_topic_arns" {
  description = "SNS topics that notify: names."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "log_group_arns" {
  description = "Log groups of functions that run with the policy."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "dead_letter_queue_arns" {
  description = "Queues for events that functions fail for good."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "dead_letter_key_arn" {
  description = "KMS key that the queues are encrypted with, if it is one of your own."
  type        = string
  default     = null
}

variable "launch_template_arns" {
  description = "Launch templates of the groups, for the feature mixed_instances_policy; * and ? match names."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "instance_role_arns" {
  description = "Roles of the instance profiles in those launch templates."
  type        = list(string)
  default     = []
  nullable    = false
}
