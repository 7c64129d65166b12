"""What of the published schemas scaler writes, closed: a key that is not here is none that scaler should write.

Transcribed from these definitions, with their types, patterns, bounds and required keys; rules that the API server
checks beyond the schema stand in the tests.

- NodePool: karpenter.sh/v1, ``pkg/apis/crds/karpenter.sh_nodepools.yaml`` of kubernetes-sigs/karpenter and of
  aws/karpenter-provider-aws.
- ScaledObject: keda.sh/v1alpha1, ``config/crd/bases/keda.sh_scaledobjects.yaml`` of kedacore/keda.
- HorizontalPodAutoscaler: autoscaling/v2, CronJob: batch/v1, Role and RoleBinding: rbac.authorization.k8s.io/v1,
  ServiceAccount: v1, of the OpenAPI definitions of Kubernetes, ``api/openapi-spec/v3``.
"""

from __future__ import annotations

LABEL_VALUE = r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
LABEL_NAME = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(\/))?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"
)
QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
CRON = r"^\S+( \S+){4}$"

TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}


def closed(required=(), **properties):
    """An object with these keys and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def listed(items, **more):
    return {"type": "array", "items": items, **more}


def one_of(*values):
    return {"enum": list(values)}


def mapped(*, keys=LABEL_NAME, **value):
    return {"type": "object", "propertyNames": {"pattern": keys, "maxLength": 316}, "additionalProperties": value}


METADATA = closed(
    ("name",),
    name={"type": "string", "pattern": SUBDOMAIN, "maxLength": 253},
    namespace={"type": "string", "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63},
    labels=mapped(type="string", pattern=LABEL_VALUE, maxLength=63),
    annotations=mapped(type="string"),
)


def document(version, kind, spec=None, **more):
    body = {"spec": spec} if spec else {}
    return closed(
        ("apiVersion", "kind", "metadata", *body, *more),
        apiVersion=one_of(version),
        kind=one_of(kind),
        metadata=METADATA,
        **body,
        **more,
    )


NODE_POOL = document(
    "karpenter.sh/v1",
    "NodePool",
    closed(
        ("template",),
        weight={"type": "integer", "minimum": 1, "maximum": 100},
        limits={
            "type": "object",
            "additionalProperties": {"type": ["integer", "string"], "pattern": QUANTITY},
        },
        template=closed(
            ("spec",),
            spec=closed(
                ("nodeClassRef", "requirements"),
                nodeClassRef=closed(
                    ("group", "kind", "name"),
                    group={"type": "string", "pattern": r"^[^/]+$"},
                    kind={"type": "string", "minLength": 1},
                    name={"type": "string", "minLength": 1},
                ),
                requirements=listed(
                    closed(
                        ("key", "operator"),
                        key={"type": "string", "maxLength": 316, "pattern": LABEL_NAME},
                        operator=one_of("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
                        values=listed({"type": "string", "maxLength": 63, "pattern": LABEL_VALUE}, minItems=1),
                    ),
                    maxItems=100,
                ),
            ),
        ),
    ),
)

SCALED_OBJECT = document(
    "keda.sh/v1alpha1",
    "ScaledObject",
    closed(
        ("scaleTargetRef", "triggers"),
        scaleTargetRef=closed(("name",), apiVersion=TEXT, kind=TEXT, name=TEXT),
        minReplicaCount={**COUNT, "minimum": 0},
        maxReplicaCount={**COUNT, "minimum": 1},
        triggers=listed(
            closed(
                ("metadata", "type"),
                type=one_of("cron", "cpu"),
                metricType=one_of("Utilization", "AverageValue", "Value"),
                metadata={"type": "object", "additionalProperties": TEXT},
            ),
            minItems=1,
        ),
    ),
)

AUTOSCALER = document(
    "autoscaling/v2",
    "HorizontalPodAutoscaler",
    closed(
        ("scaleTargetRef", "maxReplicas"),
        scaleTargetRef=closed(("kind", "name"), apiVersion=TEXT, kind=TEXT, name=TEXT),
        minReplicas={**COUNT, "minimum": 1},
        maxReplicas={**COUNT, "minimum": 1},
        metrics=listed(
            closed(
                ("type", "resource"),
                type=one_of("Resource"),
                resource=closed(
                    ("name", "target"),
                    name=TEXT,
                    target=closed(
                        ("type",),
                        type=one_of("Utilization", "Value", "AverageValue"),
                        averageUtilization={**COUNT, "minimum": 1},
                    ),
                ),
            )
        ),
    ),
)

_AMOUNTS = mapped(keys=r"^[a-z][a-z0-9./-]*$", type="string", pattern=QUANTITY)
_CONTAINER = closed(
    ("name", "image"),
    name={"type": "string", "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63},
    image=TEXT,
    command=listed(TEXT),
    resources=closed((), requests=_AMOUNTS, limits=_AMOUNTS),
    securityContext=closed(
        (),
        allowPrivilegeEscalation={"type": "boolean"},
        capabilities=closed((), drop=listed(TEXT)),
        readOnlyRootFilesystem={"type": "boolean"},
        runAsNonRoot={"type": "boolean"},
        runAsUser={"type": "integer"},
    ),
)
_POD = closed(
    ("containers",),
    serviceAccountName={"type": "string", "pattern": SUBDOMAIN},
    restartPolicy=one_of("Never", "OnFailure"),
    securityContext=closed((), seccompProfile=closed(("type",), type=one_of("RuntimeDefault"))),
    containers=listed(_CONTAINER, minItems=1),
)
CRON_JOB = document(
    "batch/v1",
    "CronJob",
    closed(
        ("schedule", "jobTemplate"),
        schedule={"type": "string", "pattern": CRON},
        timeZone={"type": "string", "minLength": 1},
        concurrencyPolicy=one_of("Allow", "Forbid", "Replace"),
        startingDeadlineSeconds={"type": "integer", "minimum": 10},
        successfulJobsHistoryLimit=COUNT,
        failedJobsHistoryLimit=COUNT,
        jobTemplate=closed(
            (),
            spec=closed(
                ("template",),
                backoffLimit=COUNT,
                activeDeadlineSeconds={"type": "integer", "minimum": 1},
                template=closed((), spec=_POD),
            ),
        ),
    ),
)

SERVICE_ACCOUNT = document("v1", "ServiceAccount")
ROLE = document(
    "rbac.authorization.k8s.io/v1",
    "Role",
    rules=listed(
        closed(
            ("verbs",),
            apiGroups=listed(TEXT),
            resources=listed(TEXT),
            resourceNames=listed(TEXT),
            verbs=listed(TEXT, minItems=1),
        )
    ),
)
ROLE_BINDING = document(
    "rbac.authorization.k8s.io/v1",
    "RoleBinding",
    roleRef=closed(("apiGroup", "kind", "name"), apiGroup=TEXT, kind=one_of("Role"), name=TEXT),
    subjects=listed(closed(("kind", "name"), kind=one_of("ServiceAccount"), name=TEXT, namespace=TEXT)),
)

SCHEMAS = {
    "NodePool": NODE_POOL,
    "ScaledObject": SCALED_OBJECT,
    "HorizontalPodAutoscaler": AUTOSCALER,
    "CronJob": CRON_JOB,
    "ServiceAccount": SERVICE_ACCOUNT,
    "Role": ROLE,
    "RoleBinding": ROLE_BINDING,
}
