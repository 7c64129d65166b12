module "scaling" {
  source = "../application-autoscaling"

  service_namespace  = "sagemaker"
  resource_id        = var.inference_component_name == null ? "endpoint/${var.endpoint_name}/variant/${var.variant_name}" : "inference-component/${var.inference_component_name}"
  scalable_dimension = var.inference_component_name == null ? "sagemaker:variant:DesiredInstanceCount" : "sagemaker:inference-component:DesiredCopyCount"

  workload         = var.workload
  meta             = var.meta
  size_owner       = var.size_owner
  max_size_ceiling = var.max_size_ceiling
  allow_expired    = var.allow_expired
  schedule_notice  = var.schedule_notice
  target_tracking  = var.target_tracking
  tags             = var.tags
}
