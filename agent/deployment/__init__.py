"""Jobs of a cluster as their manifests describe them, checked and tried out on this machine."""
