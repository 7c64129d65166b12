# conftest verify --policy examples/policy, or opa test examples/policy
package main_test

import data.main
import rego.v1

workload := {
	"name": "web",
	"status": "changed",
	"reasons": ["because"],
	"cost": {"change_usd": 5},
	"live": {"min_size": 10},
	"steps": [{"min_size": 8}, {"min_size": 12}],
	"risk": {"spot_share": 0.5, "shortfall_units": 0, "shortfall_probability": 0.01},
}

plan := {
	"schema_version": "1.1",
	"as_of": "2026-11-16T00:00:00Z",
	"expires_at": "2026-11-17T02:00:00Z",
	"workloads": [workload],
}

soon := main.moment("2026-11-16T00:30:00Z")

changed(changes) := object.union(plan, {"workloads": [object.union(workload, changes)]})

denied(changes, limits) := main.reasons(changed(changes), limits, soon)

test_a_plan_within_the_limits_passes if denied({}, {}) == set()

test_a_refused_workload_is_denied if denied({"status": "refused"}, {}) == {"web was refused: because"}

test_a_refused_workload_without_a_reason_is_denied_too if {
	given := object.union(plan, {"workloads": [{"name": "web", "status": "refused"}]})
	main.reasons(given, {}, soon) == {"web was refused: "}
}

test_times_that_cannot_be_read_are_denied if {
	given := object.union(plan, {"as_of": "yesterday", "expires_at": "soon"})
	main.reasons(given, {}, soon) == {
		"the plan does not say when it was made",
		"the plan does not say until when it holds",
	}
}

test_something_else_is_no_plan if count(main.reasons({"schema_version": "2.0"}, {}, soon)) == 4

test_an_expired_plan_is_denied if {
	later := main.moment("2026-11-17T02:00:00Z")
	main.reasons(plan, {}, later) == {"the plan expired at 2026-11-17T02:00:00Z"}
}

test_an_old_plan_is_denied if {
	limits := {"all": {"max_age_hours": 0.4}}
	denied({}, limits) == {"the plan is of 2026-11-16T00:00:00Z, more than 0.4 hours ago"}
}

test_cost_over_the_limit_is_denied if count(denied({"cost": {"change_usd": 101}}, {})) == 1

test_one_workload_may_have_a_limit_of_its_own if {
	denied({"cost": {"change_usd": 101}}, {"workloads": {"web": {"max_more_usd": 200}}}) == set()
}

test_the_fleet_has_a_limit_of_its_own if {
	denied({}, {"all": {"max_fleet_more_usd": 4}}) == {"the fleet costs 5 USD more, over the limit of 4"}
}

test_unknown_cost_is_denied if denied({"cost": {"change_usd": null}}, {}) == {"nobody knows what web costs"}

test_no_cost_is_unknown_cost if denied({"cost": null}, {}) == {"nobody knows what web costs"}

test_unknown_cost_may_be_allowed if denied({"cost": {"change_usd": null}}, {"all": {"unknown_cost": true}}) == set()

test_a_floor_that_falls_too_far_is_denied if {
	denied({"steps": [{"min_size": 4}]}, {}) == {"web falls from a minimum of 10 below 5, its limit"}
}

test_a_floor_that_falls_as_far_as_it_may_passes if denied({"steps": [{"min_size": 5}]}, {}) == set()

test_a_weekly_profile_has_floors_too if count(denied({"weekly": {"slots": [{"min_size": 4}]}}, {})) == 1

test_too_much_spot_is_denied if {
	denied({"risk": {"spot_share": 0.8}}, {}) == {"web has 80% spot at its peak, over the limit of 70%"}
}

test_a_shortfall_is_denied if {
	denied({"risk": {"shortfall_units": 3}}, {}) == {"web is 3 units short at its maximum"}
}

test_too_much_risk_is_denied if {
	reason := "web is short with a probability of 12.5%, over the limit of 5%"
	denied({"risk": {"shortfall_probability": 0.125}}, {}) == {reason}
}

test_a_fallback_passes_unless_forbidden if {
	denied({"status": "degraded"}, {}) == set()
	denied({"status": "degraded"}, {"all": {"degraded": false}}) == {"web is degraded: a fallback was used"}
}
