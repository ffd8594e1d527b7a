"""Recipients of a form: whom it tells, how often, and how they confirm and unsubscribe."""
