# What scaler writes: one entry of scaler_workloads, and scaler_meta.

variable "workload" {
  description = "One entry of the map scaler_workloads, as scaler writes it. -1 leaves a size of a schedule alone; instance_types is empty."
  nullable    = false

  type = object({
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
  })
}

variable "meta" {
  description = "The variable scaler_meta, as scaler writes it: which plan the sizes come from, and until when they hold."
  nullable    = false

  type = object({
    schema_version = string
    plan_id        = string
    generated_at   = string
    expires_at     = string
  })
}

# Which service it is, and who owns its sizes.

variable "cluster_name" {
  description = "Name of the ECS cluster."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_-]{0,254}$", var.cluster_name))
    error_message = "cluster_name must be the name of a cluster: letters, digits, underscores and hyphens."
  }
}

variable "service_name" {
  description = "Name of the ECS service. Let it ignore changes of desired_count."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_-]{0,254}$", var.service_name))
    error_message = "service_name must be the name of a service: letters, digits, underscores and hyphens."
  }
}

variable "size_owner" {
  description = "Who moves min_capacity and max_capacity after creation: \"scaler\" (schedules, and scaler apply; Terraform ignores what they do) or \"terraform\" (every apply sets both)."
  type        = string
  default     = "scaler"
  nullable    = false
}

variable "max_size_ceiling" {
  description = "No size in the variables may exceed this, whatever the plan says."
  type        = number
  default     = 1000
  nullable    = false

  validation {
    condition     = var.max_size_ceiling >= 1
    error_message = "max_size_ceiling must be 1 or more."
  }
}

variable "allow_expired" {
  description = "Accept variables of a plan that has expired. The sizes in them are guesses about a time that has passed."
  type        = bool
  default     = false
  nullable    = false
}

variable "schedule_notice" {
  description = "One-off schedules that start sooner than this after planning are left out: an action in the past is refused, or never fires. Raise it where an approval stands between plan and apply."
  type        = string
  default     = "2m"
  nullable    = false
}

variable "target_tracking" {
  description = "Target tracking policies by name, which react between the schedules: a predefined metric, or a metric of your own that falls as capacity rises."
  nullable    = false
  default     = { cpu = {} }

  type = map(object({
    target_value           = optional(number, 60)
    predefined_metric_type = optional(string, "ECSServiceAverageCPUUtilization")
    resource_label         = optional(string)
    disable_scale_in       = optional(bool, false)
    scale_in_cooldown      = optional(number)
    scale_out_cooldown     = optional(number)
    metric = optional(object({
      namespace  = string
      name       = string
      statistic  = optional(string, "Average")
      unit       = optional(string)
      dimensions = optional(map(string), {})
    }))
  }))
}

variable "tags" {
  description = "Tags of the scalable target."
  type        = map(string)
  default     = {}
  nullable    = false
}
