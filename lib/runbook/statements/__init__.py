"""What the SQL of a file says, beyond what PostgreSQL's parser says by itself."""
