data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  # Every action that scaler needs, why, and on what: read by this module, by the page of the
  # documentation and by the tests that hold it against the calls that scaler makes.
  grants = jsondecode(file("${path.module}/permissions.json")).grants

  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  regions   = length(var.regions) > 0 ? var.regions : toset([data.aws_region.current.id])

  store_prefix = var.store_prefix == "" ? "" : "${trimsuffix(var.store_prefix, "/")}/"
  store_arn    = var.store_bucket == null ? [] : ["arn:${local.partition}:s3:::${var.store_bucket}"]

  # What a launch template may name when a group is changed to use it.
  launched = ["capacity-reservation", "instance", "key-pair", "launch-template", "network-interface", "placement-group", "security-group", "subnet", "volume"]

  # What such a launch may tag.
  tagged_at_launch = ["instance", "network-interface", "spot-instances-request", "volume"]

  # How the names of alarms of target tracking go on; those of Auto Scaling groups are none of them.
  tracked = { ecs = "service/", lambda = "function:", sagemaker = "endpoint/" }

  resources = {
    any = ["*"]

    groups           = [for region in local.regions : "arn:${local.partition}:autoscaling:${region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/*"]
    scalable_targets = [for region in local.regions : "arn:${local.partition}:application-autoscaling:${region}:${local.account}:scalable-target/*"]

    ecs_services                      = [for region in local.regions : "arn:${local.partition}:ecs:${region}:${local.account}:service/*/*"]
    lambda_aliases                    = [for region in local.regions : "arn:${local.partition}:lambda:${region}:${local.account}:function:*:*"]
    lambda_functions                  = [for region in local.regions : "arn:${local.partition}:lambda:${region}:${local.account}:function:*"]
    sagemaker_endpoints               = [for region in local.regions : "arn:${local.partition}:sagemaker:${region}:${local.account}:endpoint/*"]
    sagemaker_endpoint_configurations = [for region in local.regions : "arn:${local.partition}:sagemaker:${region}:${local.account}:endpoint-config/*"]

    alarms          = [for region in local.regions : "arn:${local.partition}:cloudwatch:${region}:${local.account}:alarm:*"]
    tracking_alarms = flatten([for region in local.regions : [for target, start in local.tracked : "arn:${local.partition}:cloudwatch:${region}:${local.account}:alarm:TargetTracking-${start}*" if contains(var.targets, target)]])
    savings_plans   = ["arn:${local.partition}:savingsplans::${local.account}:savingsplan/*"]

    launches = concat(
      [for pair in setproduct(local.regions, local.launched) : "arn:${local.partition}:ec2:${pair[0]}:${local.account}:${pair[1]}/*"],
      [for pair in setproduct(local.regions, ["image", "snapshot"]) : "arn:${local.partition}:ec2:${pair[0]}::${pair[1]}/*"],
    )
    launch_tags    = [for pair in setproduct(local.regions, local.tagged_at_launch) : "arn:${local.partition}:ec2:${pair[0]}:${local.account}:${pair[1]}/*"]
    instance_roles = var.instance_role_arns

    store_bucket     = local.store_arn
    store_objects    = [for arn in local.store_arn : "${arn}/${local.store_prefix}*"]
    store_key        = var.store_key_arn == null ? [] : [var.store_key_arn]
    config_objects   = var.config_object_arns
    notice_topics    = var.notice_topic_arns
    log_streams      = [for arn in var.log_group_arns : "${trimsuffix(arn, ":*")}:log-stream:*"]
    dead_letters     = var.dead_letter_queue_arns
    dead_letters_key = var.dead_letter_key_arn == null ? [] : [var.dead_letter_key_arn]
  }

  conditions = {
    tagged           = { test = "StringEquals", variable = "aws:ResourceTag/${var.tag.key}", values = [var.tag.value] }
    launch_templates = { test = "ArnLike", variable = "ec2:LaunchTemplate", values = var.launch_template_arns }
    at_launch        = { test = "StringEquals", variable = "ec2:CreateAction", values = ["RunInstances"] }
    passed_to_ec2    = { test = "StringLike", variable = "iam:PassedToService", values = ["ec2.amazonaws.com*"] }
    via_s3           = { test = "StringLike", variable = "kms:ViaService", values = ["s3.*.amazonaws.com*"] }
    via_sqs          = { test = "StringLike", variable = "kms:ViaService", values = ["sqs.*.amazonaws.com*"] }
  }

  chosen = {
    for policy in ["plan", "apply", "operator"] : policy => [
      for grant in local.grants : grant
      if contains(grant.policies, policy)
      && (length(grant.targets) == 0 || length(setintersection(grant.targets, var.targets)) > 0)
      && (grant.feature == null ? true : contains(var.features, grant.feature))
      && length(local.resources[grant.on]) > 0
    ]
  }
}

data "aws_iam_policy_document" "this" {
  for_each = local.chosen

  dynamic "statement" {
    for_each = each.value

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = local.resources[statement.value.on]

      dynamic "condition" {
        for_each = statement.value.condition == null ? [] : [local.conditions[statement.value.condition]]

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = !contains(var.features, "mixed_instances_policy") || length(var.launch_template_arns) > 0
      error_message = "The feature mixed_instances_policy needs launch_template_arns: whoever changes the policy of a group must be allowed to launch from its template, and from no other."
    }
  }
}
