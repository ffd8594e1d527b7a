"""Coming back after the password was forgotten."""
