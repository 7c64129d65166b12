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

data "aws_vpc" "default" {
  default = true
}

data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }

  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

data "aws_ssm_parameter" "amazon_linux" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

resource "aws_launch_template" "this" {
  name_prefix   = "scaler-example-"
  image_id      = data.aws_ssm_parameter.amazon_linux.insecure_value
  instance_type = "t3.micro" # each group's own instance types take its place

  metadata_options {
    http_tokens = "required"
  }
}

module "workload" {
  source   = "../../modules/asg"
  for_each = var.scaler_workloads

  name     = each.key
  workload = each.value
  meta     = var.scaler_meta

  subnet_ids = data.aws_subnets.default.ids
  size_owner = var.size_owner
  tags       = var.tags

  launch_template = {
    id      = aws_launch_template.this.id
    version = tostring(aws_launch_template.this.latest_version)
  }
}
