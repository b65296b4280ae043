"""Django's PostgreSQL backend, which asks less often whether a connection that is kept still stands."""
