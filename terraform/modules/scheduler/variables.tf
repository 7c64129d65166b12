# What runs.

variable "name" {
  description = "Name of the function, its schedules and alarms, and the start of the names of the rest."
  type        = string
  default     = "scaler"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,31}$", var.name))
    error_message = "name must be 1 to 32 lower-case letters, digits and hyphens: buckets are named after it."
  }
}

variable "image_uri" {
  description = "Container image of scaler in ECR, by tag or, better, by digest."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})$", var.image_uri))
    error_message = "image_uri must be an image in ECR with a tag or digest, such as 123456789012.dkr.ecr.us-east-1.amazonaws.com/scaler@sha256:…: Lambda runs no image from elsewhere."
  }

  validation {
    condition     = !endswith(var.image_uri, ":latest")
    error_message = "image_uri must not be :latest: Lambda keeps the image that the tag had when it was set, and nobody would see which one it is."
  }
}

variable "architecture" {
  description = "Architecture of the image: x86_64 or arm64."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "memory_size" {
  description = "Memory of the function in MB; processor time grows with it, one whole vCPU at 1769."
  type        = number
  default     = 2048
  nullable    = false

  validation {
    condition     = var.memory_size >= 512 && var.memory_size <= 10240 && var.memory_size == floor(var.memory_size)
    error_message = "memory_size must be a whole number from 512 to 10240."
  }
}

variable "timeout" {
  description = "Time limit of one run in seconds; a run stops by itself before it, and the next one completes it."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.timeout >= 60 && var.timeout <= 900 && var.timeout == floor(var.timeout)
    error_message = "timeout must be a whole number from 60 to 900."
  }
}

variable "ephemeral_storage_size" {
  description = "Size of /tmp in MB."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.ephemeral_storage_size >= 512 && var.ephemeral_storage_size <= 10240
    error_message = "ephemeral_storage_size must be from 512 to 10240."
  }
}

variable "config" {
  description = "The configuration itself, as file(\"scaler.yaml\") reads it; it is kept beside the store. Give this or config_uri."
  type        = string
  default     = null
}

variable "config_uri" {
  description = "Where the configuration is: s3://bucket/key, or an absolute path in the image. Give this or config."
  type        = string
  default     = null

  validation {
    condition     = var.config_uri == null || can(regex("^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+|/.+)$", var.config_uri))
    error_message = "config_uri must be s3://bucket/key or an absolute path in the image."
  }
}

variable "environment" {
  description = "More environment variables of the function, such as those that notify: and metrics: name."
  type        = map(string)
  default     = {}
  nullable    = false
  sensitive   = true

  validation {
    condition     = alltrue([for name in keys(var.environment) : !contains(["SCALER_APPROVED_ONLY", "SCALER_CONFIG", "SCALER_MODE", "SCALER_STORE"], name)])
    error_message = "environment must not hold SCALER_APPROVED_ONLY, SCALER_CONFIG, SCALER_MODE or SCALER_STORE: the module sets them."
  }
}

variable "vpc_config" {
  description = "Subnets and security groups, if scaler has to reach a private Prometheus. The role then needs AWSLambdaVPCAccessExecutionRole in additional_policy_arns."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null
}

# When it runs, and what it may do.

variable "mode" {
  description = "plan: plans only, with a role that cannot change capacity. approve: the same, and a second function, which nothing calls by itself, may apply a plan it is given. apply: each run plans and applies."
  type        = string
  default     = "plan"
  nullable    = false

  validation {
    condition     = contains(["apply", "approve", "plan"], var.mode)
    error_message = "mode must be plan, approve or apply."
  }
}

variable "schedules" {
  description = "When it runs, by name: a rate, cron or at expression of EventBridge Scheduler, its time zone, and how many minutes late it may start. With mode = \"apply\", rolling makes a schedule one of updates between full plans."
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

  validation {
    condition     = alltrue([for name in keys(var.schedules) : can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$", name))])
    error_message = "Names of schedules must be 1 to 31 letters, digits, underscores and hyphens."
  }

  validation {
    condition     = alltrue([for schedule in values(var.schedules) : can(regex("^(rate|cron|at)\\(.+\\)$", schedule.expression))])
    error_message = "expression must be rate(…), cron(…) or at(…)."
  }

  validation {
    condition     = alltrue([for schedule in values(var.schedules) : schedule.flexible_window_minutes >= 0 && schedule.flexible_window_minutes <= 1440])
    error_message = "flexible_window_minutes must be from 0 to 1440."
  }
}

variable "retry" {
  description = "What happens to an event that fails: how old it may get in seconds, and how often EventBridge Scheduler delivers it and Lambda runs it again."
  nullable    = false
  default     = {}

  type = object({
    maximum_event_age = optional(number, 3600)
    deliveries        = optional(number, 3)
    runs              = optional(number, 2)
  })

  validation {
    condition     = var.retry.maximum_event_age >= 60 && var.retry.maximum_event_age <= 21600
    error_message = "maximum_event_age must be from 60 to 21600 seconds."
  }

  validation {
    condition     = var.retry.deliveries >= 0 && var.retry.deliveries <= 185 && var.retry.runs >= 0 && var.retry.runs <= 2
    error_message = "deliveries must be from 0 to 185, runs from 0 to 2."
  }
}

# Rights: see modules/permissions.

variable "targets" {
  description = "Kinds of targets in the configuration: asg, ecs, sagemaker, lambda."
  type        = set(string)
  default     = ["asg"]
  nullable    = false
}

variable "features" {
  description = "What the configuration uses; the roles are allowed nothing else. The values are those of modules/permissions."
  type        = set(string)
  default     = ["cloudwatch", "instance_types", "lead_time", "preflight", "require_tag"]
  nullable    = false
}

variable "tag" {
  description = "The tag without which nothing is written to."
  type        = object({ key = string, value = string })
  default     = { key = "scaler:managed", value = "true" }
  nullable    = false
}

variable "regions" {
  description = "Regions of the targets; the provider's if empty."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "notice_topic_arns" {
  description = "SNS topics that notify: names."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "launch_template_arns" {
  description = "Launch templates of the groups, for the feature mixed_instances_policy."
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

variable "additional_policy_arns" {
  description = "More policies for the roles of the functions, by names of your own."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of a permissions boundary for every role."
  type        = string
  default     = null
}

# What it keeps.

variable "bucket_name" {
  description = "Name of the bucket of the store; the module's name, the account and the region if null."
  type        = string
  default     = null
}

variable "store_prefix" {
  description = "Prefix of the store in the bucket."
  type        = string
  default     = "forecasts"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", var.store_prefix)) && !startswith(var.store_prefix, "config")
    error_message = "store_prefix must be letters, digits, dots, underscores and hyphens between single slashes, and not start with config, below which the configuration is kept."
  }
}

variable "noncurrent_version_days" {
  description = "How long earlier versions of objects are kept after they were replaced or deleted."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 1
    error_message = "noncurrent_version_days must be 1 or more."
  }
}

variable "force_destroy" {
  description = "Let terraform destroy delete a store that is not empty: the history in it may be older than CloudWatch's."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "KMS key for the store, queue, log and own topic, if they must be encrypted with a key of your own. Its policy must let logs.REGION.amazonaws.com and cloudwatch.amazonaws.com use it, and leave the roles of the module to the IAM policies of the account."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "How long the log is kept."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of the numbers of days that CloudWatch Logs takes, such as 30, 90 or 365."
  }
}

# Who is told.

# An object: that there is one is known before its ARN is.
variable "alarm_topic" {
  description = "SNS topic that alarms are sent to; the module makes one of its own if null."
  type        = object({ arn = string })
  default     = null
}

variable "alarm_emails" {
  description = "Addresses that are subscribed to the module's own topic; each has to confirm."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "alarms" {
  description = "When an alarm is raised: after so many periods without a run, and at so many workloads that are refused or planned with a fallback. 0 leaves an alarm out. project is metrics.project of the configuration."
  nullable    = false
  default     = {}

  type = object({
    period_seconds     = optional(number, 3600)
    silent_periods     = optional(number, 3)
    refused_workloads  = optional(number, 1)
    degraded_workloads = optional(number, 1)
    project            = optional(string, "scaler")
  })

  validation {
    condition     = contains([60, 300, 900, 3600, 21600, 86400], var.alarms.period_seconds)
    error_message = "period_seconds must be 60, 300, 900, 3600, 21600 or 86400."
  }

  validation {
    condition     = var.alarms.silent_periods >= 0 && var.alarms.period_seconds * var.alarms.silent_periods <= (var.alarms.period_seconds >= 3600 ? 604800 : 86400)
    error_message = "silent_periods may span a day, or a week with periods of an hour or more: CloudWatch looks no further back."
  }
}

variable "tags" {
  description = "Tags of everything that the module makes."
  type        = map(string)
  default     = {}
  nullable    = false
}
