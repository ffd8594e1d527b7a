"""What a form may define, pure: definition, settings, compiler, special fields, field types."""
