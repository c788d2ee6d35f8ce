"""How a project begins: a first folder, a first script, the rules for Make."""
