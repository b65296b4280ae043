"""No model: the index is a table that triggers keep (`index`). Django tells of migrations only where this file is."""
