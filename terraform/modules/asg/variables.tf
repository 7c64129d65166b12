# What scaler writes: one entry of scaler_workloads, and scaler_meta.

variable "workload" {
  description = "One entry of the map scaler_workloads, as scaler writes it. Sizes are capacity units; -1 leaves a size of a schedule alone."
  nullable    = false

  type = object({
    min_size                                 = number
    max_size                                 = number
    on_demand_base_capacity                  = optional(number, 0)
    on_demand_percentage_above_base_capacity = optional(number, 100)
    spot_allocation_strategy                 = optional(string, "price-capacity-optimized")
    instance_types = list(object({
      instance_type     = string
      weighted_capacity = optional(number, 1)
    }))
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
    condition     = var.workload.on_demand_base_capacity >= 0 && var.workload.on_demand_base_capacity == floor(var.workload.on_demand_base_capacity)
    error_message = "on_demand_base_capacity must be a whole number, 0 or more."
  }

  validation {
    condition     = var.workload.on_demand_percentage_above_base_capacity >= 0 && var.workload.on_demand_percentage_above_base_capacity <= 100 && var.workload.on_demand_percentage_above_base_capacity == floor(var.workload.on_demand_percentage_above_base_capacity)
    error_message = "on_demand_percentage_above_base_capacity must be a whole number from 0 to 100."
  }

  validation {
    condition     = contains(["price-capacity-optimized", "capacity-optimized", "capacity-optimized-prioritized", "lowest-price"], var.workload.spot_allocation_strategy)
    error_message = "spot_allocation_strategy must be price-capacity-optimized, capacity-optimized, capacity-optimized-prioritized or lowest-price."
  }

  validation {
    condition     = length(var.workload.instance_types) >= 1 && length(var.workload.instance_types) <= 40
    error_message = "instance_types must list 1 to 40 instance types: EC2 Auto Scaling takes no more."
  }

  validation {
    condition     = length(distinct(var.workload.instance_types[*].instance_type)) == length(var.workload.instance_types)
    error_message = "instance_types must name each instance type once."
  }

  validation {
    condition     = alltrue([for type in var.workload.instance_types : can(regex("^[a-z0-9-]{2,20}\\.[a-z0-9-]{2,20}$", type.instance_type))])
    error_message = "instance_types must be names such as m7i.large."
  }

  validation {
    condition     = alltrue([for type in var.workload.instance_types : type.weighted_capacity >= 1 && type.weighted_capacity <= 999 && type.weighted_capacity == floor(type.weighted_capacity)])
    error_message = "weighted_capacity must be a whole number from 1 to 999."
  }

  validation {
    condition     = length(var.workload.schedules) <= 125
    error_message = "EC2 Auto Scaling allows at most 125 scheduled actions per group."
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
    condition     = alltrue([for schedule in values(var.workload.schedules) : schedule.recurrence == null || can(regex("^[^\\s]+( [^\\s]+){4}$", schedule.recurrence))])
    error_message = "recurrence must be a cron expression of five fields separated by single spaces, such as \"0 8 * * 1-5\"."
  }

  validation {
    condition     = alltrue([for schedule in values(var.workload.schedules) : schedule.time_zone == null || schedule.recurrence != null])
    error_message = "time_zone goes with recurrence only: a start_time is in UTC."
  }

  validation {
    condition = length(distinct([
      for schedule in values(var.workload.schedules) : coalesce(schedule.start_time, "${coalesce(schedule.recurrence, "none")} ${coalesce(schedule.time_zone, "Etc/UTC")}")
    ])) == length(var.workload.schedules)
    error_message = "Each schedule needs a time of its own: EC2 Auto Scaling refuses two actions of one group at the same time."
  }

  validation {
    condition     = alltrue(flatten([for schedule in values(var.workload.schedules) : [for size in [schedule.min_size, schedule.max_size, schedule.desired_capacity] : size >= -1 && size == floor(size)]]))
    error_message = "Sizes of schedules must be whole numbers: 0 or more, or -1 to leave the size alone."
  }

  validation {
    condition     = alltrue([for schedule in values(var.workload.schedules) : max(schedule.min_size, schedule.max_size, schedule.desired_capacity) >= 0])
    error_message = "Each schedule must set at least one of min_size, max_size and desired_capacity."
  }

  validation {
    condition     = alltrue([for schedule in values(var.workload.schedules) : schedule.max_size < 0 || max(schedule.min_size, schedule.desired_capacity) <= schedule.max_size])
    error_message = "min_size and desired_capacity of a schedule must not exceed its max_size."
  }

  validation {
    condition = alltrue([
      for schedule in values(var.workload.schedules) :
      max(schedule.min_size, schedule.desired_capacity) <= max(var.workload.max_size, values(var.workload.schedules)[*].max_size...)
    ])
    error_message = "min_size and desired_capacity of a schedule must not exceed every max_size of the workload."
  }

  validation {
    condition     = alltrue([for schedule in values(var.workload.schedules) : schedule.desired_capacity < 0 || schedule.desired_capacity >= schedule.min_size])
    error_message = "desired_capacity of a schedule must not be below its min_size."
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

# What stands around it: where the group runs and who owns its sizes.

variable "name" {
  description = "Name of the Auto Scaling group. scaler finds the group by it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9 ._/()+=@-]{0,254}$", var.name))
    error_message = "name must start with a letter or digit and hold at most 255 letters, digits, spaces and . _ / ( ) + = @ - characters."
  }
}

variable "launch_template" {
  description = "Launch template of the instances. Give a version number: with $Latest a changed template would go live without a plan that shows it."
  nullable    = false

  type = object({
    id      = string
    version = string
  })
}

variable "subnet_ids" {
  description = "Subnets the instances run in. More zones mean more spot pools."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) >= 1
    error_message = "subnet_ids must name at least one subnet."
  }
}

variable "size_owner" {
  description = "Who moves min_size and max_size after creation: \"scaler\" (schedules, and scaler apply; Terraform ignores what they do) or \"terraform\" (every apply sets both)."
  type        = string
  default     = "scaler"
  nullable    = false

  validation {
    condition     = contains(["scaler", "terraform"], var.size_owner)
    error_message = "size_owner must be \"scaler\" or \"terraform\"."
  }
}

variable "max_size_ceiling" {
  description = "No size in the variables may exceed this many capacity units, whatever the plan says."
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
  description = "One-off schedules that start sooner than this after planning are left out: EC2 Auto Scaling refuses a start in the past. Raise it where an approval stands between plan and apply."
  type        = string
  default     = "2m"
  nullable    = false

  validation {
    condition     = can(timeadd("2026-01-01T00:00:00Z", var.schedule_notice)) && !startswith(var.schedule_notice, "-")
    error_message = "schedule_notice must be a duration such as 2m or 1h30m."
  }
}

variable "target_tracking" {
  description = "Target tracking policy that reacts between the schedules. Predefined metric, or a metric of your own that falls as capacity rises. null: no policy."
  default     = {}

  type = object({
    target_value           = optional(number, 60)
    predefined_metric_type = optional(string, "ASGAverageCPUUtilization")
    resource_label         = optional(string)
    disable_scale_in       = optional(bool, false)
    metric = optional(object({
      namespace  = string
      name       = string
      statistic  = optional(string, "Average")
      unit       = optional(string)
      dimensions = optional(map(string), {})
    }))
  })
}

variable "predictive_scaling" {
  description = "AWS's own predictive scaling policy beside scaler's floors. In mode \"ForecastOnly\" it only shows what AWS would do, for comparison; in \"ForecastAndScale\" the higher of the two floors wins. null: no policy."
  default     = null

  type = object({
    mode                        = optional(string, "ForecastOnly")
    target_value                = optional(number, 60)
    predefined_metric_pair_type = optional(string, "ASGCPUUtilization")
    resource_label              = optional(string)
    scheduling_buffer_time      = optional(number, 300)
  })

  validation {
    condition     = var.predictive_scaling == null ? true : contains(["ForecastOnly", "ForecastAndScale"], var.predictive_scaling.mode)
    error_message = "mode of predictive_scaling must be \"ForecastOnly\" or \"ForecastAndScale\"."
  }

  validation {
    condition     = var.predictive_scaling == null ? true : contains(["ASGCPUUtilization", "ASGNetworkIn", "ASGNetworkOut", "ALBRequestCount"], var.predictive_scaling.predefined_metric_pair_type)
    error_message = "predefined_metric_pair_type must be ASGCPUUtilization, ASGNetworkIn, ASGNetworkOut or ALBRequestCount."
  }

  validation {
    condition     = var.predictive_scaling == null ? true : (var.predictive_scaling.predefined_metric_pair_type == "ALBRequestCount") == (var.predictive_scaling.resource_label != null)
    error_message = "resource_label of predictive_scaling names the load balancer and target group of ALBRequestCount, and goes with nothing else."
  }

  validation {
    condition     = var.predictive_scaling == null ? true : var.predictive_scaling.scheduling_buffer_time >= 0 && var.predictive_scaling.scheduling_buffer_time < 3600
    error_message = "scheduling_buffer_time must be a number of seconds below 3600."
  }
}

variable "warm_pool" {
  description = "Instances that have booted before they are needed: pool_state \"Stopped\", \"Hibernated\" or \"Running\". max_group_prepared_capacity of -1 means up to the group's maximum. Needs a group without spot. null: no pool."
  default     = null

  type = object({
    pool_state                  = optional(string, "Stopped")
    min_size                    = optional(number, 0)
    max_group_prepared_capacity = optional(number, -1)
    reuse_on_scale_in           = optional(bool, false)
  })

  validation {
    condition     = var.warm_pool == null ? true : contains(["Stopped", "Hibernated", "Running"], var.warm_pool.pool_state)
    error_message = "pool_state of warm_pool must be \"Stopped\", \"Hibernated\" or \"Running\"."
  }

  validation {
    condition     = var.warm_pool == null ? true : var.warm_pool.min_size >= 0 && var.warm_pool.max_group_prepared_capacity >= -1
    error_message = "min_size of warm_pool must be 0 or more, max_group_prepared_capacity -1 or more."
  }
}

variable "on_demand_allocation_strategy" {
  description = "Which instance type on-demand capacity takes: \"prioritized\" (the order of instance_types) or \"lowest-price\"."
  type        = string
  default     = "prioritized"
  nullable    = false

  validation {
    condition     = contains(["prioritized", "lowest-price"], var.on_demand_allocation_strategy)
    error_message = "on_demand_allocation_strategy must be \"prioritized\" or \"lowest-price\"."
  }
}

variable "capacity_rebalance" {
  description = "Replace a spot instance as soon as EC2 says that it is at risk of interruption."
  type        = bool
  default     = true
  nullable    = false
}

variable "default_instance_warmup" {
  description = "Seconds until a new instance counts in the metrics; null leaves it unset. AWS recommends to set it, even to 0."
  type        = number
  default     = null
}

variable "target_group_arns" {
  description = "Load balancer target groups the instances register with."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "health_check_type" {
  description = "\"EC2\" or \"ELB\"."
  type        = string
  default     = "EC2"
  nullable    = false

  validation {
    condition     = contains(["EC2", "ELB"], var.health_check_type)
    error_message = "health_check_type must be \"EC2\" or \"ELB\"."
  }
}

variable "health_check_grace_period" {
  description = "Seconds after launch before health checks count."
  type        = number
  default     = 300
  nullable    = false
}

variable "wait_for_capacity_timeout" {
  description = "How long an apply waits until the capacity asked for is in service, such as 10m; \"0\" does not wait, as schedules move that capacity anyway."
  type        = string
  default     = "0"
  nullable    = false
}

variable "tags" {
  description = "Tags of the group and its instances."
  type        = map(string)
  default     = {}
  nullable    = false
}
