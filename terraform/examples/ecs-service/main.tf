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

resource "aws_ecs_cluster" "this" {
  name = "scaler-example"
  tags = var.tags
}

resource "aws_ecs_task_definition" "this" {
  family                   = "scaler-example"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  tags                     = var.tags

  container_definitions = jsonencode([{
    name         = "web"
    image        = var.image
    essential    = true
    portMappings = [{ containerPort = 80, hostPort = 80, protocol = "tcp" }]
  }])
}

resource "aws_ecs_service" "this" {
  for_each = var.scaler_workloads

  name            = replace(each.key, ".", "-")
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = each.value.min_size
  launch_type     = "FARGATE"
  tags            = var.tags

  network_configuration {
    subnets          = data.aws_subnets.default.ids
    assign_public_ip = true # to fetch the image without a NAT gateway
  }

  lifecycle {
    # Scaling moves it; an apply must not put it back.
    ignore_changes = [desired_count]
  }
}

module "scaling" {
  source   = "../../modules/ecs-service"
  for_each = var.scaler_workloads

  cluster_name = aws_ecs_cluster.this.name
  service_name = aws_ecs_service.this[each.key].name
  workload     = each.value
  meta         = var.scaler_meta
  size_owner   = var.size_owner
  tags         = var.tags
}
