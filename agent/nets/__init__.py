"""The networks, one file each; `agent.nets.registry` finds them by name."""
