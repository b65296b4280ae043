"""Any table of work items: columns are guessed by their headings and corrected in the mapping step."""
