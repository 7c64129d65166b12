data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  # Which functions there are, which policies their roles have, and which of them schedules call.
  functions = {
    plan    = { plan = { mode = "plan", policies = ["plan"] } }
    approve = { plan = { mode = "plan", policies = ["plan"] }, apply = { mode = "apply", policies = ["apply"] } }
    apply   = { apply = { mode = "apply", policies = ["plan", "apply"] } }
  }[var.mode]

  scheduled = var.mode == "apply" ? "apply" : "plan"
  names     = { for key in keys(local.functions) : key => "${var.name}-${key}" }

  # Written out, not read from the resources: so the policies are known, and can be reviewed, before anything stands.
  bucket         = coalesce(var.bucket_name, "${var.name}-${local.account}-${local.region}")
  store          = "s3://${local.bucket}/${var.store_prefix}"
  config_uri     = var.config_uri == null ? "s3://${local.bucket}/config/scaler.yaml" : var.config_uri
  config_objects = startswith(local.config_uri, "s3://") ? ["arn:${local.partition}:s3:::${trimprefix(local.config_uri, "s3://")}"] : []
  queue_arn      = "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.name}-dead-letters"
  log_group_arns = { for key, name in local.names : key => "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${name}" }

  policies = { plan = module.permissions.plan, apply = module.permissions.apply }
  granted  = merge([for key, function in local.functions : { for policy in function.policies : "${key}-${policy}" => { function = key, policy = policy } }]...)
  attached = { for pair in setproduct(keys(local.functions), keys(var.additional_policy_arns)) : "${pair[0]}-${pair[1]}" => { function = pair[0], policy = pair[1] } }
}

module "permissions" {
  source = "../permissions"

  targets                = var.targets
  features               = var.features
  tag                    = var.tag
  regions                = var.regions
  store_bucket           = local.bucket
  store_prefix           = var.store_prefix
  store_key_arn          = var.kms_key_arn
  config_object_arns     = local.config_objects
  notice_topic_arns      = var.notice_topic_arns
  log_group_arns         = values(local.log_group_arns)
  dead_letter_queue_arns = [local.queue_arn]
  dead_letter_key_arn    = var.kms_key_arn
  launch_template_arns   = var.launch_template_arns
  instance_role_arns     = var.instance_role_arns
}

data "aws_iam_policy_document" "run" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name                 = "${local.names[each.key]}-${local.region}"
  description          = each.key == "plan" ? "Runs scaler plan: reads, and cannot change capacity." : "Runs scaler apply on what is tagged ${var.tag.key} = ${var.tag.value}."
  assume_role_policy   = data.aws_iam_policy_document.run.json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "function" {
  for_each = local.granted

  name   = each.value.policy
  role   = aws_iam_role.function[each.value.function].id
  policy = local.policies[each.value.policy]
}

resource "aws_iam_role_policy_attachment" "function" {
  for_each = local.attached

  role       = aws_iam_role.function[each.value.function].name
  policy_arn = var.additional_policy_arns[each.value.policy]
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = local.functions

  name              = "/aws/lambda/${local.names[each.key]}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_lambda_function" "this" {
  for_each = local.functions

  function_name = local.names[each.key]
  description   = each.key == "plan" ? "scaler plan on a schedule" : var.mode == "approve" ? "scaler apply of a plan that was approved" : "scaler plan and apply on a schedule"
  role          = aws_iam_role.function[each.key].arn
  package_type  = "Image"
  image_uri     = var.image_uri
  architectures = [var.architecture]
  memory_size   = var.memory_size
  timeout       = var.timeout
  kms_key_arn   = var.kms_key_arn
  tags          = var.tags

  environment {
    variables = merge(var.environment, {
      SCALER_CONFIG = local.config_uri
      SCALER_MODE   = each.value.mode
      SCALER_STORE  = local.store
    }, var.mode == "approve" && each.key == "apply" ? { SCALER_APPROVED_ONLY = "1" } : {})
  }

  ephemeral_storage {
    size = var.ephemeral_storage_size
  }

  logging_config {
    log_format = "Text" # scaler writes lines of JSON itself
    log_group  = aws_cloudwatch_log_group.this[each.key].name
  }

  dynamic "vpc_config" {
    for_each = var.vpc_config == null ? [] : [var.vpc_config]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  lifecycle {
    precondition {
      condition     = (var.config == null) != (var.config_uri == null)
      error_message = "Give either config, the text of scaler.yaml, or config_uri, where it is."
    }

    precondition {
      condition     = var.mode == "apply" || alltrue([for schedule in values(var.schedules) : !schedule.rolling])
      error_message = "A rolling schedule moves capacity: it needs mode = \"apply\"."
    }
  }

  # The first run may start as soon as the function stands.
  depends_on = [aws_iam_role_policy.function, aws_s3_object.config]
}

resource "aws_lambda_function_event_invoke_config" "this" {
  for_each = aws_lambda_function.this

  function_name                = each.value.function_name
  maximum_event_age_in_seconds = var.retry.maximum_event_age
  maximum_retry_attempts       = var.retry.runs

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
  tags                      = var.tags
}
