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

module "scheduler" {
  source = "../../modules/scheduler"

  name      = var.name
  image_uri = var.image_uri
  config    = file(var.config_file)
  mode      = var.mode
  schedules = var.schedules
  targets   = var.targets
  features  = var.features

  alarm_emails  = var.alarm_emails
  force_destroy = var.force_destroy
  tags          = var.tags
}
