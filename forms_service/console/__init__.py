"""Pages for owners: sign in, read submissions."""
