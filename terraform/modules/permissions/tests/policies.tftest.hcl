# Documents as they come out. No AWS: who asks is made up, and nothing is looked up.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

run "a_plan_of_groups_reads_and_no_more" {
  command = plan

  assert {
    condition     = alltrue([for statement in jsondecode(output.plan).Statement : statement.Resource == "*" && alltrue([for action in flatten([statement.Action]) : can(regex(":(Describe|Get|List)", action))])])
    error_message = "Without a store the policy of plans holds reads alone."
  }

  assert {
    condition     = output.operator == null
    error_message = "Nothing is allowed to people that nobody asked for."
  }
}

run "what_is_written_has_the_tag" {
  command = plan

  variables {
    targets = ["asg", "ecs", "sagemaker", "lambda"]
    tag     = { key = "team", value = "web" }
  }

  assert {
    condition     = alltrue([for statement in jsondecode(output.apply).Statement : alltrue([for action in flatten([statement.Action]) : can(regex(":(Describe|Get|List)", action))]) || try(statement.Condition.StringEquals["aws:ResourceTag/team"], null) == "web"])
    error_message = "Every statement that writes must ask for the tag."
  }
}

run "targets_of_other_regions" {
  command = plan

  variables {
    regions = ["eu-west-1", "us-east-1"]
  }

  assert {
    condition     = toset(flatten([for statement in jsondecode(output.apply).Statement : statement.Resource if statement.Sid == "WriteGroups"])) == toset(["arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/*", "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/*"])
    error_message = "Groups of each region, and of no other."
  }
}

run "a_store_below_a_prefix" {
  command = plan

  variables {
    store_bucket = "acme"
    store_prefix = "a/b"
  }

  assert {
    condition     = [for statement in jsondecode(output.plan).Statement : statement.Resource if contains(["UseStore", "ListStore"], statement.Sid)] == ["arn:aws:s3:::acme/a/b/*", "arn:aws:s3:::acme"]
    error_message = "Objects below the prefix, and the bucket's list."
  }
}

run "a_mix_needs_its_launch_templates" {
  command = plan

  variables {
    features = ["mixed_instances_policy"]
  }

  expect_failures = [data.aws_iam_policy_document.this]
}

run "unknown_words_are_refused" {
  command = plan

  variables {
    features = ["everything"]
    targets  = ["rds"]
    tag      = { key = "aws:own", value = "*" }
  }

  expect_failures = [var.features, var.targets, var.tag]
}
