"""What happens around the transaction of a migration."""
