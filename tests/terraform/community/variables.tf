variable "name" {
  type = string
}

variable "use_name_prefix" {
  type    = bool
  default = true
}

variable "min_size" {
  type    = number
  default = null
}

variable "max_size" {
  type    = number
  default = null
}

variable "desired_capacity" {
  type    = number
  default = null
}

variable "use_mixed_instances_policy" {
  type     = bool
  default  = false
  nullable = false
}

variable "mixed_instances_policy" {
  type = object({
    instances_distribution = optional(object({
      on_demand_allocation_strategy            = optional(string)
      on_demand_base_capacity                  = optional(number)
      on_demand_percentage_above_base_capacity = optional(number)
      spot_allocation_strategy                 = optional(string)
      spot_instance_pools                      = optional(number)
      spot_max_price                           = optional(string)
    }))
    launch_template = object({
      override = optional(list(object({
        instance_type = optional(string)
        launch_template_specification = optional(object({
          launch_template_id   = optional(string)
          launch_template_name = optional(string)
          version              = optional(string)
        }))
        weighted_capacity = optional(string)
      })))
    })
  })
  default = null
}

variable "schedules" {
  type = map(object({
    desired_capacity = optional(number)
    end_time         = optional(string)
    max_size         = optional(number)
    min_size         = optional(number)
    recurrence       = optional(string)
    start_time       = optional(string)
    time_zone        = optional(string)
  }))
  default = null
}

# As versions up to 8 declare them.

variable "mixed_instances_policy_of_8" {
  type    = any
  default = null
}

variable "schedules_of_8" {
  type    = map(any)
  default = {}
}

output "received" {
  value = {
    name                       = var.name
    min_size                   = var.min_size
    max_size                   = var.max_size
    desired_capacity           = var.desired_capacity
    use_mixed_instances_policy = var.use_mixed_instances_policy
    mixed_instances_policy     = var.mixed_instances_policy
    schedules                  = var.schedules
    override_of_8              = try(var.mixed_instances_policy_of_8.override, null)
    schedules_of_8 = {
      for name, schedule in var.schedules_of_8 : name => {
        min_size   = try(tonumber(schedule.min_size), null)
        max_size   = try(tonumber(schedule.max_size), null)
        start_time = try(schedule.start_time, null)
        recurrence = try(schedule.recurrence, null)
        time_zone  = try(schedule.time_zone, null)
      }
    }
  }
}
