"""What programs of this folder share; not programs themselves."""
