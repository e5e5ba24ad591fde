"""What a picture shows, as numbers: pure functions from counts to frozen data."""
