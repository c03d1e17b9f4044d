"""The spec: a sweep declared in a TOML file, validated as a whole and frozen."""

from sweeper.spec.loading import load
from sweeper.spec.model import Axis, Direction, Grid, Objective, Spec
from sweeper.spec.study import Study
from sweeper.spec.toml import to_toml

__all__ = ["Axis", "Direction", "Grid", "Objective", "Spec", "Study", "load", "to_toml"]
