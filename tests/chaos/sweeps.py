"""The sweeps of the mill that are killed."""

GRID = """
task = "mill:Bake"
metric = "objective"
replicates = "seed"
[grid]
"Grind.grade" = [1, 2]
heat = [0.05, 0.1, 0.4]
seed = [0, 1]
"""
GRID_TASKS = 15

OTHER_GRID = """
task = "mill:Bake"
metric = "objective"
[grid]
"Grind.grade" = [1, 2]
heat = [0.1, 0.2]
"""

SINGLE = """
task = "mill:Bake"
metric = "objective"
[grid]
heat = [0.1]
"""

STUDY = """
task = "mill:Bake"
metric = "objective"
replicates = "seed"
[fixed]
epochs = 4
[study]
trials = 7
seed = 7
reproducible = true
sampler = { name = "tpe", n_startup_trials = 3 }
[study.space]
"Grind.grade" = { choice = [1, 2] }
heat = { float = [0.01, 1.0], log = true }
[grid]
seed = [0, 1]
"""
STUDY_TASKS = 17

PRUNED = """
task = "mill:Bake"
metric = "objective"
replicates = "seed"
[fixed]
epochs = 5
[study]
trials = 8
seed = 7
reproducible = true
sampler = { name = "tpe", n_startup_trials = 4 }
pruner = { name = "median", n_startup_trials = 3 }
[study.space]
"Grind.grade" = { choice = [1, 2] }
heat = { float = [0.01, 1.0], log = true }
[grid]
seed = [0, 1]
"""
PRUNED_TASKS = 15

SHORT_STUDY = """
task = "mill:Bake"
metric = "objective"
[study]
trials = 3
seed = 7
sampler = { name = "tpe", n_startup_trials = 2 }
pruner = { name = "median", n_startup_trials = 1 }
[study.space]
heat = { float = [0.01, 1.0], log = true }
"""

GROUND = """
task = "mill:Grind"
metric = "coarseness"
[grid]
grade = [1]
"""
