module "scaling" {
  source = "../application-autoscaling"

  service_namespace  = "ecs"
  resource_id        = "service/${var.cluster_name}/${var.service_name}"
  scalable_dimension = "ecs:service:DesiredCount"

  workload         = var.workload
  meta             = var.meta
  size_owner       = var.size_owner
  max_size_ceiling = var.max_size_ceiling
  allow_expired    = var.allow_expired
  schedule_notice  = var.schedule_notice
  target_tracking  = var.target_tracking
  tags             = var.tags
}
