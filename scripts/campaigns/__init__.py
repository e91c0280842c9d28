"""What docs/reliability.md reports: attacks on running commands, counted, each with what must hold after it.

A process that has imported PyTorch forks one for each attack, for the import takes longer than the attack.
"""
