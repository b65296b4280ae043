"""What is done again and again: one row a job, handed to exactly one worker each time."""
