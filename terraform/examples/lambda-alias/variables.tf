# Written by `scaler plan` into scaler.auto.tfvars.json, which Terraform reads by itself.

variable "scaler_meta" {
  description = "Which plan the sizes come from, and until when they hold."
  nullable    = false

  type = object({
    schema_version = string
    plan_id        = string
    generated_at   = string
    expires_at     = string
  })

  # Before the first plan there are no workloads, and so nothing that could expire.
  default = {
    schema_version = "1.0"
    plan_id        = "none"
    generated_at   = "1970-01-01T00:00:00Z"
    expires_at     = "1970-01-01T00:00:00Z"
  }
}

variable "scaler_workloads" {
  description = "Sizes and schedules per workload."
  nullable    = false
  default     = {}

  type = map(object({
    min_size                                 = number
    max_size                                 = number
    on_demand_base_capacity                  = optional(number, 0)
    on_demand_percentage_above_base_capacity = optional(number, 100)
    spot_allocation_strategy                 = optional(string)
    instance_types = optional(list(object({
      instance_type     = string
      weighted_capacity = optional(number, 1)
    })), [])
    schedules = optional(map(object({
      start_time       = optional(string)
      recurrence       = optional(string)
      time_zone        = optional(string)
      min_size         = optional(number, -1)
      max_size         = optional(number, -1)
      desired_capacity = optional(number, -1)
    })), {})
  }))
}

# Yours.

variable "region" {
  description = "AWS region; null takes it from AWS_REGION or the profile."
  type        = string
  default     = null
}

variable "size_owner" {
  description = "Who moves the sizes after creation: \"scaler\" or \"terraform\"."
  type        = string
  default     = "scaler"
  nullable    = false
}

variable "tags" {
  description = "Tags of every function and scalable target."
  type        = map(string)
  default     = { managed-by = "terraform" }
  nullable    = false
}
