variable "image_uri" {
  description = "Container image of scaler in ECR, which scripts/build-image makes."
  type        = string
  nullable    = false
}

variable "config_file" {
  description = "The configuration, relative to this folder."
  type        = string
  default     = "scaler.yaml"
  nullable    = false
}

variable "name" {
  description = "Name of the function, and the start of the names of the rest."
  type        = string
  default     = "scaler"
  nullable    = false
}

variable "mode" {
  description = "\"plan\" cannot change capacity; \"approve\" applies what it is given; \"apply\" plans and applies."
  type        = string
  default     = "plan"
  nullable    = false
}

variable "schedules" {
  description = "When it runs."
  nullable    = false

  type = map(object({
    expression              = string
    timezone                = optional(string, "UTC")
    flexible_window_minutes = optional(number, 0)
    rolling                 = optional(bool, false)
    workloads               = optional(list(string), [])
    enabled                 = optional(bool, true)
  }))

  default = { hourly = { expression = "cron(5 * * * ? *)" } }
}

variable "targets" {
  description = "Kinds of targets in the configuration: asg, ecs, sagemaker, lambda."
  type        = set(string)
  default     = ["asg"]
  nullable    = false
}

variable "features" {
  description = "What the configuration uses."
  type        = set(string)
  default     = ["cloudwatch", "instance_types", "lead_time", "preflight", "require_tag"]
  nullable    = false
}

variable "alarm_emails" {
  description = "Addresses that alarms are sent to."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "region" {
  description = "AWS region; null takes it from AWS_REGION or the profile."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Let terraform destroy delete the history, too."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = { managed-by = "terraform" }
  nullable    = false
}
