"""What the same MLflow-logged trials cost with other tools, in one run on one machine."""
