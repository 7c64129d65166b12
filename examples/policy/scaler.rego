# A gate over the JSON of `scaler plan --out plan.json`: what a plan must not do without somebody's say.
#
#   conftest test --policy examples/policy --data examples/policy/limits.json plan.json
#
# Each entry of `deny` is one sentence. `data.limits` (limits.json) replaces the limits below, for all workloads or for
# one by name.
package main

import rego.v1

default_limits := {
	"max_more_usd": 100, # a workload may cost so much more over the plan than what runs now
	"max_fleet_more_usd": 500, # and all of them together
	"max_shrink": 0.5, # the lowest floor may be this share below the live minimum
	"max_spot_share": 0.7, # of the units at the peak
	"max_shortfall_probability": 0.05, # at any step
	"max_age_hours": 26, # between what the plan saw and now
	"unknown_cost": false, # a plan whose cost nobody knows
	"degraded": true, # a plan in which a fallback was used
}

default given_limits := {}

given_limits := data.limits

deny contains reason if some reason in reasons(input, given_limits, time.now_ns())

# Why the plan may not pass; nothing if it may. `now` in nanoseconds.
reasons(plan, given, now) := union({
	about(plan),
	refused(plan),
	degraded(plan, given),
	late(plan, given, now),
	cost(plan, given),
	fleet_cost(plan, given),
	floors(plan, given),
	spot(plan, given),
	shortfall(plan, given),
})

about(plan) := union({
	{"this is no plan of a schema that the policy knows" | not startswith(object.get(plan, "schema_version", ""), "1.")},
	{"the plan has no workloads" | count(object.get(plan, "workloads", [])) == 0},
	{"the plan does not say when it was made" | not moment(plan.as_of)},
	{"the plan does not say until when it holds" | not moment(plan.expires_at)},
})

refused(plan) := {reason |
	some workload in plan.workloads
	workload.status == "refused"
	reason := concat("", [workload.name, " was refused: ", concat("; ", object.get(workload, "reasons", []))])
}

degraded(plan, given) := {reason |
	some workload in plan.workloads
	workload.status == "degraded"
	not limits(given, workload.name).degraded
	reason := sprintf("%s is degraded: a fallback was used", [workload.name])
}

late(plan, given, now) := {reason |
	moment(plan.expires_at) <= now
	reason := sprintf("the plan expired at %s", [plan.expires_at])
} | {reason |
	hours := limits(given, "").max_age_hours
	now - moment(plan.as_of) > hours * 3600000000000
	reason := sprintf("the plan is of %s, more than %v hours ago", [plan.as_of, hours])
}

cost(plan, given) := {reason |
	some workload in planned(plan)
	limit := limits(given, workload.name).max_more_usd
	workload.cost.change_usd > limit
	cost_known(workload)
	reason := sprintf("%s costs %v USD more, over the limit of %v", [workload.name, workload.cost.change_usd, limit])
} | {reason |
	some workload in planned(plan)
	not cost_known(workload)
	not limits(given, workload.name).unknown_cost
	reason := sprintf("nobody knows what %s costs", [workload.name])
}

fleet_cost(plan, given) := {reason |
	more := sum([workload.cost.change_usd | some workload in planned(plan); cost_known(workload)])
	limit := limits(given, "").max_fleet_more_usd
	more > limit
	reason := sprintf("the fleet costs %v USD more, over the limit of %v", [more, limit])
}

floors(plan, given) := {reason |
	some workload in planned(plan)
	before := workload.live.min_size
	lowest := before * (1 - limits(given, workload.name).max_shrink)
	some size in sizes(workload)
	size < lowest
	reason := sprintf("%s falls from a minimum of %v below %v, its limit", [workload.name, before, lowest])
}

spot(plan, given) := {reason |
	some workload in planned(plan)
	limit := limits(given, workload.name).max_spot_share
	workload.risk.spot_share > limit
	parts := [workload.name, round(workload.risk.spot_share * 100), round(limit * 100)]
	reason := sprintf("%s has %v%% spot at its peak, over the limit of %v%%", parts)
}

shortfall(plan, given) := {reason |
	some workload in planned(plan)
	workload.risk.shortfall_units > 0
	reason := sprintf("%s is %v units short at its maximum", [workload.name, workload.risk.shortfall_units])
} | {reason |
	some workload in planned(plan)
	probability := workload.risk.shortfall_probability
	limit := limits(given, workload.name).max_shortfall_probability
	is_number(probability)
	probability > limit
	parts := [workload.name, round(probability * 1000) / 10, round(limit * 1000) / 10]
	reason := sprintf("%s is short with a probability of %v%%, over the limit of %v%%", parts)
}

planned(plan) := [workload | some workload in plan.workloads; workload.status != "refused"]

cost_known(workload) if is_number(workload.cost.change_usd)

# Floors of the plan, and of its weekly profile if it has one.
sizes(workload) := array.concat(
	[step.min_size | some step in workload.steps],
	[slot.min_size | some slot in workload.weekly.slots],
)

# Those of one workload, or with "" of all of them together.
limits(given, name) := object.union(
	object.union(default_limits, object.get(given, "all", {})),
	object.get(object.get(given, "workloads", {}), name, {}),
)

# Not every engine takes Z for UTC.
moment(text) := time.parse_rfc3339_ns(replace(text, "Z", "+00:00"))
