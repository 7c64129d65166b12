"""Plans to emit."""

from tests.plan.conftest import live, plan_of

__all__ = ["live", "plan_of"]
