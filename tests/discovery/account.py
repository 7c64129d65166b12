"""An account with one of everything that discovery looks at, in the emulator."""

from __future__ import annotations

from typing import Any

from scaler.aws.session import BotocoreClients

ZONES = ["us-east-1a"]


def fill(clients: BotocoreClients) -> None:
    """Groups ``web`` (behind a load balancer, mixed), ``worker`` (follows a queue), ``plain``; ECS; SageMaker."""
    image = clients.client("ec2", None).describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    template = launch_template(clients, "web", {"ImageId": image, "InstanceType": "m5.large"})
    target_group = _balanced(clients)
    autoscaling = clients.client("autoscaling", None)
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=2,
        MaxSize=20,
        DesiredCapacity=4,
        AvailabilityZones=ZONES,
        TargetGroupARNs=[target_group],
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "$Latest"},
                "Overrides": [
                    {"InstanceType": "m5.large", "WeightedCapacity": "1"},
                    {"InstanceType": "m5.xlarge", "WeightedCapacity": "2"},
                ],
            },
            "InstancesDistribution": {
                "OnDemandBaseCapacity": 2,
                "OnDemandPercentageAboveBaseCapacity": 40,
                "SpotAllocationStrategy": "price-capacity-optimized",
            },
        },
    )
    autoscaling.enable_metrics_collection(
        AutoScalingGroupName="web", Metrics=["GroupInServiceInstances"], Granularity="1Minute"
    )
    group(clients, "worker", launch_template(clients, "worker", {"ImageId": image, "InstanceType": "c5.large"}))
    _follow_queues(clients)
    autoscaling.create_launch_configuration(LaunchConfigurationName="old", ImageId=image, InstanceType="t3.micro")
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="plain group", LaunchConfigurationName="old", MinSize=0, MaxSize=3, AvailabilityZones=ZONES
    )
    _service(clients, target_group)
    _endpoint(clients)


def launch_template(clients: BotocoreClients, name: str, data: dict[str, Any]) -> str:
    """A launch template's id."""
    made = clients.client("ec2", None).create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def group(clients: BotocoreClients, name: str, template: str, *, low: int = 1, high: int = 9) -> None:
    """A group of a launch template."""
    clients.client("autoscaling", None).create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateId": template},
        MinSize=low,
        MaxSize=high,
        AvailabilityZones=ZONES,
    )


def _balanced(clients: BotocoreClients) -> str:
    ec2, elb = clients.client("ec2", None), clients.client("elbv2", None)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"]
        for index, zone in enumerate("ab")
    ]
    balancer = elb.create_load_balancer(Name="front", Subnets=[subnet["SubnetId"] for subnet in subnets])
    target_group = elb.create_target_group(Name="web-tg", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group["TargetGroupArn"]}],
    )
    return str(target_group["TargetGroupArn"])


def _follow_queues(clients: BotocoreClients) -> None:
    autoscaling = clients.client("autoscaling", None)
    autoscaling.put_scaling_policy(
        AutoScalingGroupName="worker",
        PolicyName="follow-orders",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "TargetValue": 100.0,
            "CustomizedMetricSpecification": {
                "Namespace": "AWS/SQS",
                "MetricName": "ApproximateNumberOfMessagesVisible",
                "Statistic": "Average",
                "Dimensions": [{"Name": "QueueName", "Value": "orders"}],
            },
        },
    )


def _service(clients: BotocoreClients, target_group: str) -> None:
    ecs = clients.client("ecs", None)
    ecs.create_cluster(clusterName="prod")
    ecs.register_task_definition(family="api", containerDefinitions=[{"name": "api", "image": "api", "memory": 128}])
    ecs.create_service(
        cluster="prod",
        serviceName="api",
        taskDefinition="api",
        desiredCount=3,
        loadBalancers=[{"targetGroupArn": target_group, "containerName": "api", "containerPort": 80}],
    )
    clients.client("application-autoscaling", None).register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/prod/api",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=2,
        MaxCapacity=30,
    )


def _endpoint(clients: BotocoreClients) -> None:
    sagemaker = clients.client("sagemaker", None)
    role = "arn:aws:iam::123456789012:role/model"
    sagemaker.create_model(ModelName="chat", PrimaryContainer={"Image": "chat"}, ExecutionRoleArn=role)
    variant = {
        "VariantName": "main",
        "ModelName": "chat",
        "InitialInstanceCount": 2,
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": 1.0,
    }
    sagemaker.create_endpoint_config(EndpointConfigName="chat", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="chat", EndpointConfigName="chat")
