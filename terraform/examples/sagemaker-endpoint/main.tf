terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.85"
    }
  }
}

provider "aws" {
  region = var.region
}

locals {
  # A small model that the container fetches by itself, so that nothing has to be uploaded first.
  model = {
    HF_MODEL_ID = "distilbert/distilbert-base-uncased-finetuned-sst-2-english"
    HF_TASK     = "text-classification"
  }
}

data "aws_sagemaker_prebuilt_ecr_image" "inference" {
  repository_name = "huggingface-pytorch-inference"
  image_tag       = "2.1.0-transformers4.37.0-cpu-py310-ubuntu22.04"
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "run" {
  statement {
    actions = [
      "cloudwatch:PutMetricData",
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetAuthorizationToken",
      "ecr:GetDownloadUrlForLayer",
      "logs:CreateLogGroup",
      "logs:CreateLogStream",
      "logs:DescribeLogStreams",
      "logs:PutLogEvents",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role" "this" {
  name_prefix        = "scaler-example-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "run" {
  name   = "run"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.run.json
}

resource "aws_sagemaker_model" "this" {
  name               = "scaler-example"
  execution_role_arn = aws_iam_role.this.arn
  tags               = var.tags

  primary_container {
    image       = data.aws_sagemaker_prebuilt_ecr_image.inference.registry_path
    environment = local.model
  }

  depends_on = [aws_iam_role_policy.run]
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  for_each = var.scaler_workloads

  name_prefix = "scaler-example-"
  tags        = var.tags

  production_variants {
    variant_name           = "AllTraffic"
    model_name             = aws_sagemaker_model.this.name
    instance_type          = var.instance_type
    initial_instance_count = max(1, each.value.min_size)
  }

  lifecycle {
    create_before_destroy = true
    # A new plan must not make a new configuration, and with it a new deployment of the endpoint.
    ignore_changes = [production_variants[0].initial_instance_count]
  }
}

resource "aws_sagemaker_endpoint" "this" {
  for_each = var.scaler_workloads

  name                 = replace(each.key, "/[._]/", "-")
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this[each.key].name
  tags                 = var.tags
}

module "scaling" {
  source   = "../../modules/sagemaker-endpoint"
  for_each = var.scaler_workloads

  endpoint_name = aws_sagemaker_endpoint.this[each.key].name
  workload      = each.value
  meta          = var.scaler_meta
  size_owner    = var.size_owner
  tags          = var.tags

  target_tracking = { invocations = { target_value = var.invocations_per_instance } }
}
