variable "defaults" {
  type    = any
  default = {}
}

variable "items" {
  type    = any
  default = {}
}

module "wrapper" {
  source   = "../"
  for_each = var.items

  name                        = try(each.value.name, var.defaults.name)
  use_name_prefix             = try(each.value.use_name_prefix, var.defaults.use_name_prefix, true)
  min_size                    = try(each.value.min_size, var.defaults.min_size, null)
  max_size                    = try(each.value.max_size, var.defaults.max_size, null)
  desired_capacity            = try(each.value.desired_capacity, var.defaults.desired_capacity, null)
  use_mixed_instances_policy  = try(each.value.use_mixed_instances_policy, var.defaults.use_mixed_instances_policy, false)
  mixed_instances_policy      = try(each.value.mixed_instances_policy, var.defaults.mixed_instances_policy, null)
  schedules                   = try(each.value.schedules, var.defaults.schedules, {})
  mixed_instances_policy_of_8 = try(each.value.mixed_instances_policy, null)
  schedules_of_8              = try(each.value.schedules, {})
}

output "wrapper" {
  value = module.wrapper
}
