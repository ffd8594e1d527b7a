"""Forms: what an owner asks for, in versions."""
