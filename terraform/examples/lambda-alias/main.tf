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
  # A zip archive with a function that says hello, so that nothing has to be built first.
  archive = "UEsDBBQAAAAAAAAAIVxhxXNQTQAAAE0AAAAIAAAAaW5kZXgucHlkZWYgaGFuZGxlcihldmVudCwgY29udGV4dCk6CiAgICByZXR1cm4geyJzdGF0dXNDb2RlIjogMjAwLCAiYm9keSI6ICJoZWxsbyJ9ClBLAQIUAxQAAAAAAAAAIVxhxXNQTQAAAE0AAAAIAAAAAAAAAAAAAACkAQAAAABpbmRleC5weVBLBQYAAAAAAQABADYAAABzAAAAAAA="
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name_prefix        = "scaler-example-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
  tags               = var.tags
}

resource "aws_s3_bucket" "code" {
  bucket_prefix = "scaler-example-"
  force_destroy = true
  tags          = var.tags
}

resource "aws_s3_object" "code" {
  bucket         = aws_s3_bucket.code.id
  key            = "${sha256(local.archive)}.zip"
  content_base64 = local.archive
}

resource "aws_lambda_function" "this" {
  for_each = var.scaler_workloads

  function_name = replace(each.key, ".", "-")
  role          = aws_iam_role.this.arn
  runtime       = "python3.13"
  handler       = "index.handler"
  s3_bucket     = aws_s3_object.code.bucket
  s3_key        = aws_s3_object.code.key
  publish       = true # provisioned concurrency belongs to a version
  tags          = var.tags
}

resource "aws_lambda_alias" "live" {
  for_each = var.scaler_workloads

  name             = "live"
  function_name    = aws_lambda_function.this[each.key].function_name
  function_version = aws_lambda_function.this[each.key].version
}

module "scaling" {
  source   = "../../modules/lambda-alias"
  for_each = var.scaler_workloads

  function_name = aws_lambda_alias.live[each.key].function_name
  alias_name    = aws_lambda_alias.live[each.key].name
  workload      = each.value
  meta          = var.scaler_meta
  size_owner    = var.size_owner
  tags          = var.tags
}
