"""From files and arguments to domain objects: composition by Hydra, checks, requests."""
