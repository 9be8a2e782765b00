"""The plan of a rollout: its values, what each field takes, and the text of a plan. Pure."""

from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import DEFAULT_STAGES, AbortRule, Plan, Stage, Targets
from fota_operator.rollouts.plan.window import StageWindow

__all__ = ["DEFAULT_STAGES", "AbortRule", "Gate", "Plan", "Stage", "StageWindow", "Targets"]
