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

  validation {
    condition     = var.workload.min_size >= 0 && var.workload.min_size <= var.workload.max_size
    error_message = "min_size must be between 0 and max_size."
  }

  validation {
    condition     = var.workload.min_size == floor(var.workload.min_size) && var.workload.max_size == floor(var.workload.max_size)
    error_message = "min_size and max_size must be whole numbers."
  }

  validation {
    condition     = length(var.workload.instance_types) == 0
    error_message = "instance_types must be empty: this workload is one of an Auto Scaling group. Use modules/asg for it."
  }

  validation {
    condition     = length(var.workload.schedules) <= 200
    error_message = "Application Auto Scaling allows at most 200 scheduled actions per target."
  }

  validation {
    condition     = alltrue([for name in keys(var.workload.schedules) : can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", name))])
    error_message = "Names of schedules must start with a letter or digit and hold only letters, digits, dots, underscores and hyphens."
  }

  validation {
    condition     = alltrue([for schedule in values(var.workload.schedules) : (schedule.start_time == null) != (schedule.recurrence == null)])
    error_message = "Each schedule needs either start_time or recurrence, not both."
  }

  validation {
    condition     = alltrue([for schedule in values(var.workload.schedules) : schedule.start_time == null || can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", schedule.start_time)) && can(timeadd(schedule.start_time, "0s"))])
    error_message = "start_time must be a time in UTC such as 2026-11-21T11:00:00Z."
  }

  validation {
    condition = alltrue([
      for schedule in values(var.workload.schedules) : schedule.recurrence == null ? true : (
        length(split(" ", schedule.recurrence)) == 5 &&
        alltrue(flatten([
          for place, field in split(" ", upper(schedule.recurrence)) : [
            for part in split(",", field) : can(regex([
              "^(\\*|[0-9]{1,2}(-[0-9]{1,2})?)(/[1-9][0-9]?)?$",
              "^(\\*|[0-9]{1,2}(-[0-9]{1,2})?)(/[1-9][0-9]?)?$",
              "^(\\*|[0-9]{1,2}(-[0-9]{1,2})?)(/[1-9][0-9]?)?$",
              "^(\\*|[0-9A-Z]{1,3}(-[0-9A-Z]{1,3})?)(/[1-9][0-9]?)?$",
              "^(\\*|([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(-([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT))?)(/[1-7])?$",
            ][place], part))
          ]
        ]))
      )
    ])
    error_message = "recurrence must be a cron expression of five fields separated by single spaces, such as \"0 8 * * 1-5\"."
  }

  validation {
    condition = alltrue(flatten([
      for schedule in values(var.workload.schedules) : schedule.recurrence == null ? [true] : [
        # A range of days may not run backwards, as Sunday is 0 or 7.
        for ends in regexall("([0-7A-Z]+)-([0-7A-Z]+)", upper(reverse(split(" ", schedule.recurrence))[0])) :
        index(["SUN", "0", "MON", "1", "TUE", "2", "WED", "3", "THU", "4", "FRI", "5", "SAT", "6", "7"], ends[0]) <= index(["0", "SUN", "1", "MON", "2", "TUE", "3", "WED", "4", "THU", "5", "FRI", "6", "SAT", "7"], ends[1])
      ]
    ]))
    error_message = "A range of days of the week in recurrence must not run backwards: Sunday is 0 or 7."
  }

  validation {
    condition = alltrue([
      for schedule in values(var.workload.schedules) :
      schedule.recurrence == null ? true : contains([split(" ", schedule.recurrence)[2], reverse(split(" ", schedule.recurrence))[0]], "*")
    ])
    error_message = "recurrence may limit the day of the month or the day of the week, not both: Application Auto Scaling has no way to say that."
  }

  validation {
    condition     = alltrue([for schedule in values(var.workload.schedules) : schedule.time_zone == null || schedule.recurrence != null])
    error_message = "time_zone goes with recurrence only: a start_time is in UTC."
  }

  validation {
    condition = length(distinct([
      for schedule in values(var.workload.schedules) : coalesce(schedule.start_time, "${coalesce(schedule.recurrence, "none")} ${coalesce(schedule.time_zone, "UTC")}")
    ])) == length(var.workload.schedules)
    error_message = "Each schedule needs a time of its own: of two actions at the same time nobody knows which one holds."
  }

  validation {
    condition     = alltrue(flatten([for schedule in values(var.workload.schedules) : [for size in [schedule.min_size, schedule.max_size] : size >= -1 && size == floor(size)]]))
    error_message = "Sizes of schedules must be whole numbers: 0 or more, or -1 to leave the size alone."
  }

  validation {
    condition     = alltrue([for schedule in values(var.workload.schedules) : schedule.desired_capacity == -1])
    error_message = "desired_capacity must be -1: a scheduled action of Application Auto Scaling sets minimum and maximum only."
  }

  validation {
    condition     = alltrue([for schedule in values(var.workload.schedules) : max(schedule.min_size, schedule.max_size) >= 0])
    error_message = "Each schedule must set at least one of min_size and max_size."
  }

  validation {
    condition     = alltrue([for schedule in values(var.workload.schedules) : schedule.max_size < 0 || schedule.min_size <= schedule.max_size])
    error_message = "min_size of a schedule must not exceed its max_size."
  }

  validation {
    condition = alltrue([
      for schedule in values(var.workload.schedules) :
      schedule.min_size <= max(var.workload.max_size, values(var.workload.schedules)[*].max_size...)
    ])
    error_message = "min_size of a schedule must not exceed every max_size of the workload."
  }
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

  validation {
    condition     = can(regex("^1\\.[0-9]+$", var.meta.schema_version))
    error_message = "The variables were written in a format that this module does not read: it reads schema_version 1.x. Use the module of the scaler that wrote them."
  }

  validation {
    condition     = can(timeadd(var.meta.expires_at, "0s")) && can(timeadd(var.meta.generated_at, "0s"))
    error_message = "generated_at and expires_at must be times such as 2026-11-21T11:00:00Z."
  }
}

# Which target it is, and who owns its sizes.

variable "service_namespace" {
  description = "Service that the target belongs to, such as ecs, sagemaker or lambda."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]{1,64}$", var.service_namespace))
    error_message = "service_namespace must be a service such as ecs, sagemaker or lambda."
  }
}

variable "resource_id" {
  description = "The target within its service, such as service/shop/web."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9:/._-]*$", var.resource_id))
    error_message = "resource_id must be one such as service/shop/web: letters, digits and : / . _ - characters."
  }
}

variable "scalable_dimension" {
  description = "What is scaled, such as ecs:service:DesiredCount."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]+:[a-z0-9-]+:[A-Za-z]+$", var.scalable_dimension))
    error_message = "scalable_dimension must be one such as ecs:service:DesiredCount."
  }
}

variable "size_owner" {
  description = "Who moves min_capacity and max_capacity after creation: \"scaler\" (schedules, and scaler apply; Terraform ignores what they do) or \"terraform\" (every apply sets both)."
  type        = string
  default     = "scaler"
  nullable    = false

  validation {
    condition     = contains(["scaler", "terraform"], var.size_owner)
    error_message = "size_owner must be \"scaler\" or \"terraform\"."
  }
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

  validation {
    condition     = can(timeadd("2026-01-01T00:00:00Z", var.schedule_notice)) && !startswith(var.schedule_notice, "-")
    error_message = "schedule_notice must be a duration such as 2m or 1h30m."
  }
}

variable "target_tracking" {
  description = "Target tracking policies by name, which react between the schedules: a predefined metric, or a metric of your own that falls as capacity rises."
  nullable    = false
  default     = {}

  type = map(object({
    target_value           = number
    predefined_metric_type = optional(string)
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
